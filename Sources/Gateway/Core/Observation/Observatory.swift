internal import Domain
internal import Overview

/// Looks at the whole system from time to time, often while somebody watches, and remembers the traffic of the last quarter of an hour.
actor Observatory {
    /// Between two looks while nobody watches.
    static let idleInterval: Duration = .seconds(10)
    /// Between two looks while somebody does.
    static let liveInterval: Duration = .seconds(1)
    private static let memory: Duration = .seconds(900)
    private static let recentWindow: Duration = .seconds(10)
    private static let routeWindow: Duration = .seconds(300)

    private struct Mark {
        var time: Timestamp
        var sums: [String: Double]
        var processorSeconds: [String: Double]
    }

    private let mesh: any MeshObserving
    private let control: (any ProcessControl)?
    private let monitor: DependencyMonitor
    private let catalogue: ModelCatalogue
    private let clock: @Sendable () -> Timestamp
    private var totals = CounterTotals()
    private var conditions = AlertConditions()
    /// Ascending; dense for the last seconds, thinner before.
    private var marks: [Mark] = []
    private var points: [TrafficPoint] = []
    private var latest: Observation?
    private var looking: Task<Observation, Never>?
    private var watchers: [Int: AsyncStream<Observation>.Continuation] = [:]
    private var nextWatcher = 0

    init(
        mesh: any MeshObserving, control: (any ProcessControl)?, monitor: DependencyMonitor, catalogue: ModelCatalogue,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.mesh = mesh
        self.control = control
        self.monitor = monitor
        self.catalogue = catalogue
        self.clock = now
    }

    /// Looks until cancelled; then nobody watches any more.
    func run() async {
        while !Task.isCancelled {
            let age = self.latest.map { self.clock().since($0.time) } ?? Self.idleInterval
            if !self.watchers.isEmpty || age >= Self.idleInterval { _ = await self.look() }
            try? await Task.sleep(for: Self.liveInterval)
        }
        for watcher in self.watchers.values { watcher.finish() }
        self.watchers = [:]
    }

    /// The traffic of the last minutes, a point a look, oldest first.
    var history: [TrafficPoint] { self.points }

    /// What a look shows that is no older than a moment ago.
    func current() async -> Observation {
        if let latest = self.latest, self.clock().since(latest.time) < Self.liveInterval { return latest }
        return await self.look()
    }

    /// One value a look, from the next one on. Slow readers miss some.
    func watch() -> AsyncStream<Observation> {
        let (stream, continuation) = AsyncStream.makeStream(of: Observation.self, bufferingPolicy: .bufferingNewest(1))
        let id = self.nextWatcher
        self.nextWatcher += 1
        self.watchers[id] = continuation
        continuation.onTermination = { _ in
            // Ends at once.
            Task { await self.forget(id) }
        }
        return stream
    }

    private func forget(_ id: Int) { self.watchers[id] = nil }

    /// One look at a time: who asks meanwhile gets the same.
    private func look() async -> Observation {
        if let looking = self.looking { return await looking.value }
        // Awaited here; bounded by the patience of its questions.
        let task = Task { await self.take() }
        self.looking = task
        let observation = await task.value
        self.looking = nil
        return observation
    }

    private func take() async -> Observation {
        async let supervised = self.control?.services()
        let look = await self.mesh.look()
        let services = await supervised ?? nil
        let now = self.clock()
        var gauges: [String: [String: Double]] = [:]
        var counters: [String: [String: Double]] = [:]
        for process in look.processes where !process.metrics.isEmpty {
            (counters[process.endpoint], gauges[process.endpoint]) = MetricsText.parse(process.metrics)
        }
        let silent = Set(look.processes.filter(\.metrics.isEmpty).map(\.endpoint))
        self.totals.take(counters, silent: silent)
        let last = self.marks.last
        let point = self.point(since: last, now)
        let recent = self.mark(before: now, Self.recentWindow)
        let window = self.mark(before: now, Self.routeWindow)
        let traffic = self.totals.since(window?.sums ?? self.totals.sums)
        let processors = counters.compactMapValues { $0["process_cpu_seconds_total"] }
        var observation = Observation(
            time: now, now: point, recent: self.point(since: recent, now), routes: Self.routes(traffic), sources: Self.sources(traffic),
            stages: Self.stages(traffic),
            processes: Self.processes(look, services, gauges, processors, recent, now), links: look.links, methods: look.methods,
            services: services, dependencies: self.monitor.states, alerts: [], modelVersion: self.catalogue.servedVersion,
            recentSeconds: Self.seconds(since: recent, now), routeSeconds: Self.seconds(since: window, now))
        var all = MetricsSnapshot()
        for series in gauges.values { for (name, value) in series { all.add(value, to: name[...]) } }
        func quality(_ metric: String) -> Double? { all.max("duet_ranking_model_quality_ratio", where: ["metric": metric]) }
        var qualities: (model: Double, popularity: Double)?
        if let model = quality("ndcg_10"), let popularity = quality("popularity_ndcg_10") { qualities = (model, popularity) }
        let lists = traffic.sum("duet_recommendation_list_length_count") ?? 0
        observation.alerts = self.conditions.evaluate(
            observation, window: self.point(since: window, now),
            meanListLength: lists >= 10 ? (traffic.sum("duet_recommendation_list_length_sum") ?? 0) / lists : nil, quality: qualities)
        self.remember(point, Mark(time: now, sums: self.totals.sums, processorSeconds: processors))
        self.latest = observation
        for watcher in self.watchers.values { watcher.yield(observation) }
        return observation
    }

    // MARK: Windows

    private func remember(_ point: TrafficPoint, _ mark: Mark) {
        let now = point.time
        if point.seconds > 0 { self.points.append(point) }
        self.points.removeAll { now.since($0.time) > Self.memory }
        self.marks.append(mark)
        // Within the recent window every look counts; before it one in ten seconds will do.
        var kept: [Mark] = []
        for mark in self.marks where now.since(mark.time) <= Self.routeWindow + Self.idleInterval {
            if let last = kept.last, now.since(mark.time) > Self.recentWindow, mark.time.since(last.time) < Self.idleInterval { continue }
            kept.append(mark)
        }
        self.marks = kept
    }

    /// The latest mark that is at least so old, else the oldest.
    private func mark(before now: Timestamp, _ window: Duration) -> Mark? {
        self.marks.last { now.since($0.time) >= window } ?? self.marks.first
    }

    private func point(since mark: Mark?, _ now: Timestamp) -> TrafficPoint {
        TrafficPoint(self.totals.since(mark?.sums ?? self.totals.sums), until: now, seconds: Self.seconds(since: mark, now))
    }

    private static func seconds(since mark: Mark?, _ now: Timestamp) -> Double { mark.map { now.since($0.time) / .seconds(1) } ?? 0 }

    // MARK: What the metrics say

    private static func routes(_ traffic: MetricsSnapshot) -> [Observation.Route] {
        traffic.sums("duet_http_requests_total", by: "route").filter { $0.value > 0 }.map { route, requests in
            func milliseconds(_ fraction: Double) -> Double? {
                traffic.quantile(fraction, of: "duet_http_request_seconds", where: ["route": route]).map { $0 * 1000 }
            }
            let failures = (500...599).reduce(0.0) { sum, status in
                sum + (traffic.sum("duet_http_requests_total", where: ["route": route, "status": "\(status)"]) ?? 0)
            }
            return Observation.Route(
                route: route, requests: requests, failures: failures, p50: milliseconds(0.5), p95: milliseconds(0.95))
        }.sorted { ($1.requests, $0.route) < ($0.requests, $1.route) }
    }

    private static func sources(_ traffic: MetricsSnapshot) -> [Observation.Source] {
        let kept = traffic.sums("duet_candidate_kept_total", by: "source")
        let shown = traffic.sums("duet_recommendation_survivors_total", by: "source")
        return traffic.sums("duet_candidate_proposed_total", by: "source")
            .map { Observation.Source(name: $0.key, proposed: $0.value, kept: kept[$0.key] ?? 0, shown: shown[$0.key] ?? 0) }.sorted {
                $0.name < $1.name
            }
    }

    private static func stages(_ traffic: MetricsSnapshot) -> [(name: String, milliseconds: Double)] {
        GatewayMetrics.Stage.allCases.compactMap { stage in
            let labels = ["stage": stage.rawValue]
            guard let count = traffic.sum("duet_recommendation_stage_seconds_count", where: labels), count > 0,
                let sum = traffic.sum("duet_recommendation_stage_seconds_sum", where: labels)
            else { return nil }
            return (stage.rawValue, 1000 * sum / count)
        }
    }

    private static func processes(
        _ look: MeshLook, _ services: [SupervisedService]?, _ gauges: [String: [String: Double]], _ processors: [String: Double],
        _ earlier: Mark?, _ now: Timestamp
    ) -> [Observation.Process] {
        let supervised = (services ?? []).flatMap { service in service.processes.map { (service: service.name, process: $0) } }
        let elapsed = Self.seconds(since: earlier, now)
        var processes = look.processes.map { seen in
            let gauges = gauges[seen.endpoint] ?? [:]
            let known = supervised.first { $0.process.processID == seen.processID }?.process
            var share: Double?
            if let after = processors[seen.endpoint], let before = earlier?.processorSeconds[seen.endpoint], elapsed > 0 {
                share = max(0, after - before) / elapsed
            }
            let start = gauges["process_start_time_seconds"]
            var dependencies = MetricsSnapshot()
            for (name, value) in gauges where name.hasPrefix("duet_dependency_up") { dependencies.add(value, to: name[...]) }
            let name = known?.name ?? (seen.name.isEmpty ? "\(seen.service)-\(seen.processID)" : seen.name)
            return Observation.Process(
                seen: seen, name: name, phase: known?.phase ?? "", restarts: known?.restarts,
                uptime: start.map { Double(now.rawValue) / 1e6 - $0 }, processorShare: share,
                residentBytes: gauges["process_resident_memory_bytes"],
                logLag: gauges["duet_candidate_log_lag_seconds"] ?? gauges["duet_feature_log_lag_seconds"],
                logPosition: gauges["duet_candidate_log_position"] ?? gauges["duet_feature_log_position"],
                modelAge: gauges["duet_ranking_model_age_seconds"],
                dependencies: dependencies.sums("duet_dependency_up", by: "dependency").sorted { $0.key < $1.key }
                    .map { ($0.key, $0.value > 0) },
                isCounting: (gauges["duet_feature_consumer_active"] ?? 0) > 0)
        }
        // Those that the supervisor knows and the mesh does not: starting, or failing to.
        let stores: Set = ["postgres", "redis"]
        for (service, process) in supervised
        where !stores.contains(service) && !look.processes.contains(where: { $0.processID == process.processID }) {
            var seen = MeshLook.Process(endpoint: process.name, service: service, processID: process.processID ?? 0, version: "")
            seen.problems = ["\(process.phase)"]
            processes.append(
                Observation.Process(
                    seen: seen, name: process.name, phase: process.phase, restarts: process.restarts,
                    uptime: process.uptime.map { $0 / .seconds(1) }, processorShare: nil, residentBytes: nil, logLag: nil, logPosition: nil,
                    modelAge: nil, dependencies: [], isCounting: false))
        }
        return processes.sorted { ($0.seen.service, $0.name) < ($1.seen.service, $1.name) }
    }
}
