/// One look at an installation: traffic between two snapshots, and its replicas.
package struct TopFrame: Sendable, Hashable, Encodable {
    /// A replica as its callers see it.
    package struct Replica: Sendable, Hashable, Encodable {
        package var name: String
        package var pid: Int32?
        package var state: String
        package var restarts: Int
        /// Calls being answered.
        package var inFlight: Int?
        /// Moving average of the time of a call as its callers see it, mean over them.
        package var latencyMicroseconds: Int?
        package var cpuPercent: Double?
        package var residentBytes: Int?

        enum CodingKeys: String, CodingKey {
            case name, pid, state, restarts
            case inFlight = "in_flight"
            case latencyMicroseconds = "ewma_us"
            case cpuPercent = "cpu_percent"
            case residentBytes = "resident_bytes"
        }

        package init(name: String, pid: Int32?, state: String, restarts: Int) {
            (self.name, self.pid, self.state, self.restarts) = (name, pid, state, restarts)
        }
    }

    /// Seconds between the snapshots.
    package var seconds: Double
    package var requestsPerSecond: Double
    /// Share of answers with a status of 500 and above; `nil` without answers.
    package var errorRate: Double?
    /// Share of looked-up lists that were in the cache.
    package var hitRate: Double?
    /// Share of generated lists that had to do without a stage.
    package var degradedRate: Double?
    package var p50Milliseconds: Double?
    package var p95Milliseconds: Double?
    package var p99Milliseconds: Double?
    /// The slowest reader's distance from the log.
    package var logLagSeconds: Double?
    package var modelAgeSeconds: Double?
    /// Dependencies that some process doesn't reach.
    package var unreachable: [String]
    package var replicas: [Replica]

    enum CodingKeys: String, CodingKey {
        case seconds, unreachable, replicas
        case requestsPerSecond = "requests_per_second"
        case errorRate = "error_rate"
        case hitRate = "hit_rate"
        case degradedRate = "degraded_rate"
        case p50Milliseconds = "p50_ms"
        case p95Milliseconds = "p95_ms"
        case p99Milliseconds = "p99_ms"
        case logLagSeconds = "log_lag_seconds"
        case modelAgeSeconds = "model_age_seconds"
    }

    /// - Parameters:
    ///   - now: All processes' metrics.
    ///   - earlier: The same, `seconds` before.
    package init(now: MetricsSnapshot, earlier: MetricsSnapshot, seconds: Double, replicas: [Replica]) {
        func grown(_ family: String, _ labels: [String: String] = [:]) -> Double {
            // A process that was started anew counts from zero: what it has is new.
            let (after, before) = (now.sum(family, where: labels) ?? 0, earlier.sum(family, where: labels) ?? 0)
            return after >= before ? after - before : after
        }
        func share(_ part: Double, of whole: Double) -> Double? { whole > 0 ? min(1, part / whole) : nil }
        func percentile(_ fraction: Double) -> Double? {
            now.quantile(fraction, of: "duet_http_request_seconds", since: earlier).map { $0 * 1000 }
        }
        let requests = grown("duet_http_requests_total")
        let failures = now.sums("duet_http_requests_total", by: "status").keys.filter { $0.hasPrefix("5") }
            .reduce(0) { $0 + grown("duet_http_requests_total", ["status": $1]) }
        let cache = ["hit", "miss", "unavailable"].map { grown("duet_recommendation_cache_total", ["outcome": $0]) }
        self.seconds = seconds
        self.requestsPerSecond = seconds > 0 ? requests / seconds : 0
        self.errorRate = share(failures, of: requests)
        self.hitRate = share(cache[0], of: cache.reduce(0, +))
        self.degradedRate = share(
            grown("duet_recommendation_degraded_total"), of: grown("duet_recommendation_generation_seconds_count"))
        self.p50Milliseconds = percentile(0.5)
        self.p95Milliseconds = percentile(0.95)
        self.p99Milliseconds = percentile(0.99)
        self.logLagSeconds = ["duet_candidate_log_lag_seconds", "duet_feature_log_lag_seconds"].compactMap { now.max($0) }.max()
        self.modelAgeSeconds = now.max("duet_ranking_model_age_seconds")
        let reached = now.sums("duet_dependency_up", by: "dependency").keys.sorted()
        self.unreachable = reached.filter { now.min("duet_dependency_up", where: ["dependency": $0]) == 0 }
        self.replicas = replicas
    }
}
