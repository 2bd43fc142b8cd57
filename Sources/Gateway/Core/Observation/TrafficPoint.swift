internal import Domain
internal import Overview

/// The traffic of one stretch of time.
struct TrafficPoint: Sendable, Hashable {
    /// The end of the stretch.
    var time: Timestamp
    var seconds: Double
    var requests = 0.0
    /// Answers with a status of 500 and above.
    var failures = 0.0
    var hits = 0.0
    /// Look-ups of cached lists, whatever came of them.
    var lookups = 0.0
    /// Lists that were made, and those of them that had to do without a stage.
    var generated = 0.0
    var degraded = 0.0
    var p50: Double?
    var p95: Double?
    var p99: Double?

    init(_ traffic: MetricsSnapshot, until time: Timestamp, seconds: Double) {
        self.time = time
        self.seconds = seconds
        self.requests = traffic.sum("duet_http_requests_total") ?? 0
        self.failures = traffic.sums("duet_http_requests_total", by: "status").reduce(0) { $1.key.hasPrefix("5") ? $0 + $1.value : $0 }
        self.hits = traffic.sum("duet_recommendation_cache_total", where: ["outcome": "hit"]) ?? 0
        self.lookups = traffic.sum("duet_recommendation_cache_total") ?? 0
        self.generated = traffic.sum("duet_recommendation_generation_seconds_count") ?? 0
        self.degraded = traffic.sum("duet_recommendation_degraded_total") ?? 0
        func milliseconds(_ fraction: Double) -> Double? {
            traffic.quantile(fraction, of: "duet_http_request_seconds").map { $0 * 1000 }
        }
        (self.p50, self.p95, self.p99) = (milliseconds(0.5), milliseconds(0.95), milliseconds(0.99))
    }

    var requestsPerSecond: Double { self.seconds > 0 ? self.requests / self.seconds : 0 }
    /// Shares are `nil` where there was nothing to share.
    var errorRate: Double? { Self.share(self.failures, of: self.requests) }
    var hitRate: Double? { Self.share(self.hits, of: self.lookups) }
    var degradedRate: Double? { Self.share(self.degraded, of: self.generated) }

    private static func share(_ part: Double, of whole: Double) -> Double? { whole > 0 ? min(1, part / whole) : nil }
}
