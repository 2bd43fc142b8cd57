internal import Domain
internal import Synchronization
internal import Telemetry
internal import HTTPTypes

/// What the gateway counts. Handles of the labelled series are made once and kept.
final class GatewayMetrics: Sendable {
    /// Where the time of a generated list goes.
    enum Stage: String, CaseIterable {
        case cache, candidates, ranking, gate, encoding
    }

    private struct Series: Hashable {
        var method: String
        var route: String
        var status: Int
    }

    let registry: MetricsRegistry
    let inFlight: Gauge
    let cacheHits: Counter
    let cacheMisses: Counter
    let cacheFailures: Counter
    let generation: Histogram
    let hit: Histogram
    let candidatePool: Histogram
    let listLength: Histogram
    /// Of new lists: people that each source proposed, among the first twenty.
    private let survivors: [Counter]
    private let stages: [Stage: Histogram]
    private let requests = Mutex<[Series: Counter]>([:])
    private let latencies = Mutex<[String: Histogram]>([:])
    private let degradations = Mutex<[String: Counter]>([:])
    private let interactions = Mutex<[String: Counter]>([:])
    private let events = Mutex<[String: Counter]>([:])

    init(registry: MetricsRegistry) {
        self.registry = registry
        self.inFlight = registry.gauge("duet_http_requests_in_flight", "Requests being answered.")
        let outcomes = ["hit", "miss", "unavailable"].map {
            registry.counter(
                "duet_recommendation_cache_total", "Look-ups of cached recommendation lists.", labels: [("outcome", $0)])
        }
        self.cacheHits = outcomes[0]
        self.cacheMisses = outcomes[1]
        self.cacheFailures = outcomes[2]
        self.generation = registry.histogram(
            "duet_recommendation_generation_seconds", "Time to generate a list that was not cached.")
        self.hit = registry.histogram("duet_recommendation_hit_seconds", "Time to answer from the cache.")
        self.candidatePool = registry.histogram(
            "duet_candidate_pool_size", "Candidates of stage 1 per list.", buckets: Histogram.countBounds)
        self.listLength = registry.histogram(
            "duet_recommendation_list_length", "People in an answered list.", buckets: Histogram.countBounds)
        self.survivors = CandidateSource.allCases.map { source in
            registry.counter(
                "duet_recommendation_survivors_total", "People among the first twenty of new lists, by the sources that proposed them.",
                labels: [("source", source.name)])
        }
        self.stages = Dictionary(
            uniqueKeysWithValues: Stage.allCases.map { stage in
                (
                    stage,
                    registry.histogram(
                        "duet_recommendation_stage_seconds", "Time of one stage of a list.", labels: [("stage", stage.rawValue)])
                )
            })
    }

    /// A method of the client's invention must not make a new series.
    static func name(of method: HTTPRequest.Method) -> String {
        let known: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .delete, .patch, .options]
        return known.contains(method) ? method.rawValue : "other"
    }

    func answered(method: HTTPRequest.Method, route: String, status: HTTPResponse.Status, in elapsed: Duration) {
        let method = Self.name(of: method)
        let counter = self.requests.withLock { requests in
            let series = Series(method: method, route: route, status: status.code)
            if let counter = requests[series] { return counter }
            let counter = self.registry.counter(
                "duet_http_requests_total", "Answered requests by route and status.",
                labels: [("method", method), ("route", route), ("status", String(status.code))])
            requests[series] = counter
            return counter
        }
        counter.increment()
        let latency = self.latencies.withLock { latencies in
            if let histogram = latencies[route] { return histogram }
            let histogram = self.registry.histogram(
                "duet_http_request_seconds", "Time to answer a request by route.", labels: [("route", route)])
            latencies[route] = histogram
            return histogram
        }
        latency.observe(elapsed)
    }

    func spent(_ elapsed: Duration, in stage: Stage) { self.stages[stage]?.observe(elapsed) }

    /// Counts whom each source brought to the top of a new list.
    func survived(_ sources: some Sequence<CandidateSources>) {
        for entry in sources.prefix(20) {
            for (source, counter) in zip(CandidateSource.allCases, self.survivors) where entry.contains(CandidateSources(source)) {
                counter.increment()
            }
        }
    }

    func degraded(_ stage: String) {
        self.counter(stage, in: self.degradations, "duet_recommendation_degraded_total", "Lists made without a stage.", label: "stage")
            .increment()
    }

    func recorded(_ kind: String) {
        self.counter(kind, in: self.interactions, "duet_interactions_total", "Interactions recorded.", label: "type").increment()
    }

    func told(_ kind: String) {
        self.counter(kind, in: self.events, "duet_events_total", "Events written to streams.", label: "type").increment()
    }

    // MARK: Summary

    func histogram(of stage: Stage) -> HistogramSnapshot? { self.stages[stage]?.snapshot }

    func degradedCounts() -> [(String, UInt64)] {
        self.degradations.withLock { $0.map { ($0.key, $0.value.value) } }.sorted { $0.0 < $1.0 }
    }

    /// Answers and their latency by route pattern, in alphabetical order.
    func routeSummaries() -> [(route: String, latency: HistogramSnapshot)] {
        self.latencies.withLock { $0.map { ($0.key, $0.value.snapshot) } }.sorted { $0.route < $1.route }
    }

    /// Answers by class of status, `2xx` first.
    func statusClasses() -> [(name: String, count: UInt64)] {
        let counts = self.requests.withLock { requests in
            requests.reduce(into: [Int: UInt64]()) { $0[$1.key.status / 100, default: 0] += $1.value.value }
        }
        return counts.sorted { $0.key < $1.key }.map { ("\($0.key)xx", $0.value) }
    }

    private func counter(
        _ value: String, in counters: borrowing Mutex<[String: Counter]>, _ name: String, _ help: String, label: String
    ) -> Counter {
        counters.withLock { counters in
            if let counter = counters[value] { return counter }
            let counter = self.registry.counter(name, help, labels: [(label, value)])
            counters[value] = counter
            return counter
        }
    }
}
