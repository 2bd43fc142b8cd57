internal import Domain
internal import Telemetry

/// What stage 2 counts.
struct RankingMetrics: Sendable {
    let calls: Counter
    let refused: Counter
    let candidates: Counter
    let unknown: Counter
    let near: Counter
    let seconds: Histogram
    let featureSeconds: Histogram
    let scoreSeconds: Histogram

    init(_ registry: MetricsRegistry) {
        self.calls = registry.counter("duet_ranking_calls_total", "Calls answered by stage 2.", labels: [("method", "Rank")])
        self.refused = registry.counter("duet_ranking_refused_total", "Calls that could not be answered.")
        self.candidates = registry.counter("duet_ranking_candidates_total", "Candidates scored.")
        self.unknown = registry.counter("duet_ranking_unknown_total", "Candidates that the feature store doesn't know.")
        self.near = registry.counter("duet_ranking_near_total", "Candidates whose features were still at hand.")
        self.seconds = registry.histogram("duet_ranking_call_seconds", "Time to answer a call.", labels: [("method", "Rank")])
        let stage = { name in
            registry.histogram("duet_ranking_stage_seconds", "Time of one stage of a call.", labels: [("stage", name)])
        }
        self.featureSeconds = stage("features")
        self.scoreSeconds = stage("score")
    }

    /// Figures of the models that are read at each scrape.
    static func register(_ models: ModelStore, now: @escaping @Sendable () -> Timestamp, in registry: MetricsRegistry) {
        registry.gauge("duet_ranking_model_age_seconds", "Time since the active model was made; -1 without one.") {
            models.active.map { now().since($0.record.createdAt) / .seconds(1) } ?? -1
        }
        for (metric, label) in [("ndcg@10", "ndcg_10"), ("recall@20", "recall_20"), ("popularity.ndcg@10", "popularity_ndcg_10")] {
            registry.gauge(
                "duet_ranking_model_quality_ratio", "What the active model was measured at when it was made; NaN where it wasn't.",
                labels: [("metric", label)]
            ) { models.active?.record.metrics[metric] ?? .nan }
        }
    }
}
