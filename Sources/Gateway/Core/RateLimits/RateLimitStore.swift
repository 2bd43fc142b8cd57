public import Domain

/// So many requests a second in the long run, and so many at once.
public struct RateLimitPolicy: Hashable, Sendable {
    /// Per second; 0: no limit.
    public var rate: Double
    public var burst: Int

    public init(rate: Double, burst: Int) {
        self.rate = rate
        self.burst = max(1, burst)
    }

    var isUnlimited: Bool { self.rate <= 0 }
    /// Between two requests in the long run.
    public var interval: Duration { .seconds(1 / max(self.rate, 1e-6)) }
}

/// What a bucket gave.
public struct RateLimitLease: Hashable, Sendable {
    /// Requests that may be let through; 0, or at least what was asked for as the minimum.
    public var granted: Int
    /// What is left in the bucket.
    public var remaining: Int
    /// Until when the minimum could be given, where nothing was.
    public var retryAfter: Duration

    public init(granted: Int, remaining: Int, retryAfter: Duration) {
        self.granted = granted
        self.remaining = remaining
        self.retryAfter = retryAfter
    }
}

/// Buckets that all gateways share.
public protocol RateLimitStore: Sendable {
    /// Takes up to `wanted` requests out of a bucket, but at least `minimum` or none.
    func lease(_ key: String, _ policy: RateLimitPolicy, wanted: Int, minimum: Int) async throws(RepositoryError) -> RateLimitLease
}

/// The generic cell rate algorithm (ITU-T I.371): one moment a bucket says it all, that at which the bucket will be full again.
struct GenericCellRate {
    /// In seconds of any clock; absent counts as full.
    var fullAt: Double

    /// - Parameter now: On the clock of `fullAt`.
    mutating func take(_ policy: RateLimitPolicy, wanted: Int, minimum: Int, now: Double) -> RateLimitLease {
        let interval = 1 / policy.rate
        let start = max(self.fullAt, now)
        // A hair of tolerance: what is a whole number on paper must not be one less in binary.
        let room = Int(((now + Double(policy.burst) * interval - start) / interval + 1e-9).rounded(.down))
        guard room >= minimum else {
            let wait = start + Double(minimum) * interval - now - Double(policy.burst) * interval
            return RateLimitLease(granted: 0, remaining: max(0, room), retryAfter: .seconds(max(0, wait)))
        }
        let granted = min(room, wanted)
        self.fullAt = start + Double(granted) * interval
        return RateLimitLease(granted: granted, remaining: room - granted, retryAfter: .zero)
    }
}
