internal import Domain
internal import Telemetry

/// What stage 1 counts.
struct CandidateMetrics: Sendable {
    let generateCalls: Counter
    let similarCalls: Counter
    let refused: Counter
    let generateSeconds: Histogram
    let similarSeconds: Histogram
    private let sourceSeconds: [Histogram]
    private let proposed: [Counter]
    private let kept: [Counter]

    init(_ registry: MetricsRegistry) {
        let calls = { method in
            registry.counter("duet_candidate_calls_total", "Calls answered by stage 1.", labels: [("method", method)])
        }
        let seconds = { method in
            registry.histogram("duet_candidate_call_seconds", "Time to answer a call.", labels: [("method", method)])
        }
        self.generateCalls = calls("Generate")
        self.similarCalls = calls("Similar")
        self.generateSeconds = seconds("Generate")
        self.similarSeconds = seconds("Similar")
        self.refused = registry.counter("duet_candidate_refused_total", "Calls refused as wrong or about unknown people.")
        self.sourceSeconds = CandidateSource.allCases.map {
            registry.histogram("duet_candidate_source_seconds", "Time of one source.", labels: [("source", $0.name)])
        }
        self.proposed = CandidateSource.allCases.map {
            registry.counter("duet_candidate_proposed_total", "People proposed by a source.", labels: [("source", $0.name)])
        }
        self.kept = CandidateSource.allCases.map {
            registry.counter("duet_candidate_kept_total", "People in the merged lists, by source.", labels: [("source", $0.name)])
        }
    }

    func observe(_ list: CandidateList, time: Duration) {
        self.generateCalls.increment()
        self.generateSeconds.observe(time)
        for report in list.reports {
            let source = Int(report.source.rawValue)
            self.sourceSeconds[source].observe(report.time)
            self.proposed[source].increment(by: UInt64(report.proposed))
            self.kept[source].increment(by: UInt64(report.kept))
        }
    }

    /// Figures of the index that are read at each scrape.
    static func register(_ index: CandidateIndex, tail: LogTail?, in registry: MetricsRegistry) {
        registry.gauge("duet_candidate_people", "People in the index.") { Double(index.status.people) }
        registry.gauge("duet_candidate_opinions", "Likes and passes in the index.") { Double(index.status.opinions) }
        registry.gauge("duet_candidate_factors", "People with factors of the loaded model.") { Double(index.status.factors) }
        registry.gauge("duet_candidate_log_position", "Newest transaction that the index has read past.") { Double(index.status.position) }
        guard let tail else { return }
        registry.gauge("duet_candidate_log_lag_seconds", "Age of the newest moment of which the index has everything.") {
            tail.lag / .seconds(1)
        }
    }
}
