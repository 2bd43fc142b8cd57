internal import Domain
internal import HTTPTypes
internal import Logging
internal import Synchronization

/// Who is limited.
enum RateLimitKey: Hashable {
    case subject(String)
    case address(String)
    /// Likes that a person gives.
    case likes(UserID)

    var text: String {
        switch self {
        case .subject(let name): "s:\(name)"
        case .address(let address): "a:\(address)"
        case .likes(let user): "l:\(user)"
        }
    }
}

/// Lets requests through as far as the shared buckets allow.
///
/// A gateway takes requests out of a bucket in batches that grow with use, so that most requests ask nobody; who was turned away is not asked
/// about again before their time. While the store is away each gateway counts for itself.
final class RateLimiter: Sendable {
    private struct Bucket {
        /// Taken out of the shared bucket, not used yet.
        var leased = 0
        /// When the lease ends: what is left of it is lost, so that no gateway sits on it.
        var leaseEnds: ContinuousClock.Instant
        var nextBatch = 1
        var remaining = 0
        var deniedUntil: ContinuousClock.Instant?
        /// Used while the store is away.
        var local = GenericCellRate(fullAt: 0)
    }

    /// Buckets of two generations: when the young one is full, the old one is dropped and the young one ages.
    private struct State {
        var young: [RateLimitKey: Bucket] = [:]
        var old: [RateLimitKey: Bucket] = [:]
        var storeIsAwayUntil: ContinuousClock.Instant?
    }

    private static let capacity = 50_000
    private static let leaseLife: Duration = .seconds(1)
    private static let largestBatch = 10
    /// How long a store that failed is not asked again.
    private static let pause: Duration = .seconds(1)

    private let store: any RateLimitStore
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private let epoch: ContinuousClock.Instant
    private let state = Mutex(State())

    init(store: any RateLimitStore, logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.store = store
        self.now = now
        self.logger = logger
        self.epoch = now()
    }

    /// - Parameter cost: How many requests this one counts for.
    /// - Returns: What the headers of the answer say; `nil` without a limit.
    /// - Throws: ``APIError`` 429.
    func admit(_ key: RateLimitKey, _ policy: RateLimitPolicy, cost: Int = 1) async throws(APIError) -> RateLimitHeaders? {
        if policy.isUnlimited { return nil }
        // What exceeds the burst could never be let through.
        let cost = min(max(1, cost), policy.burst)
        let now = self.now()
        switch self.local(key, policy, cost: cost, now: now) {
        case .admitted(let remaining): return RateLimitHeaders(policy, remaining: remaining)
        case .denied(let wait): throw Self.tooMany(policy, wait)
        case .ask(let batch):
            do {
                let lease = try await self.store.lease(key.text, policy, wanted: max(cost, batch), minimum: cost)
                return try self.settle(key, policy, lease, cost: cost, batch: batch, now: now)
            } catch let error as APIError {
                throw error
            } catch {
                return try self.withoutStore(key, policy, cost: cost, now: now)
            }
        case .count: return try self.withoutStore(key, policy, cost: cost, now: now)
        }
    }

    private enum Step { case admitted(remaining: Int), denied(Duration), ask(batch: Int), count }

    private func local(_ key: RateLimitKey, _ policy: RateLimitPolicy, cost: Int, now: ContinuousClock.Instant) -> Step {
        self.state.withLock { state in
            var bucket = state.young[key] ?? state.old[key] ?? Bucket(leaseEnds: now)
            if let until = bucket.deniedUntil {
                if now < until { return .denied(until - now) }
                bucket.deniedUntil = nil
            }
            if now >= bucket.leaseEnds {
                bucket.leased = 0
                bucket.nextBatch = 1
            }
            defer { Self.insert(key, bucket, into: &state) }
            if bucket.leased >= cost {
                bucket.leased -= cost
                return .admitted(remaining: bucket.remaining + bucket.leased)
            }
            if let until = state.storeIsAwayUntil, now < until { return .count }
            return .ask(batch: min(bucket.nextBatch, Self.largestBatch, max(1, policy.burst / 4)))
        }
    }

    private func settle(
        _ key: RateLimitKey, _ policy: RateLimitPolicy, _ lease: RateLimitLease, cost: Int, batch: Int, now: ContinuousClock.Instant
    ) throws(APIError) -> RateLimitHeaders {
        let isAdmitted = lease.granted >= cost
        let remaining = self.state.withLock { state in
            var bucket = state.young[key] ?? Bucket(leaseEnds: now)
            bucket.remaining = lease.remaining
            if isAdmitted {
                bucket.leased += lease.granted - cost
                bucket.leaseEnds = now + Self.leaseLife
                bucket.nextBatch = min(Self.largestBatch, batch * 2)
            } else {
                bucket.deniedUntil = now + lease.retryAfter
            }
            Self.insert(key, bucket, into: &state)
            return bucket.remaining + bucket.leased
        }
        guard isAdmitted else { throw Self.tooMany(policy, lease.retryAfter) }
        return RateLimitHeaders(policy, remaining: remaining)
    }

    private func withoutStore(
        _ key: RateLimitKey, _ policy: RateLimitPolicy, cost: Int, now: ContinuousClock.Instant
    ) throws(APIError) -> RateLimitHeaders {
        let (lease, isNews) = self.state.withLock { state in
            let isNews = state.storeIsAwayUntil.map { $0 + Self.pause < now } ?? true
            if state.storeIsAwayUntil.map({ $0 <= now }) ?? true { state.storeIsAwayUntil = now + Self.pause }
            var bucket = state.young[key] ?? state.old[key] ?? Bucket(leaseEnds: now)
            let lease = bucket.local.take(policy, wanted: cost, minimum: cost, now: Self.seconds(now - self.epoch))
            Self.insert(key, bucket, into: &state)
            return (lease, isNews)
        }
        if isNews { self.logger.warning("Rate limits are counted by this process alone: the shared buckets are away") }
        guard lease.granted > 0 else { throw Self.tooMany(policy, lease.retryAfter) }
        return RateLimitHeaders(policy, remaining: lease.remaining)
    }

    private static func insert(_ key: RateLimitKey, _ bucket: Bucket, into state: inout State) {
        if state.young[key] == nil, state.young.count >= Self.capacity / 2 {
            state.old = state.young
            state.young = [:]
        }
        state.young[key] = bucket
    }

    private static func seconds(_ duration: Duration) -> Double { duration.seconds }

    private static func tooMany(_ policy: RateLimitPolicy, _ wait: Duration) -> APIError {
        let seconds = max(1, Int(wait.seconds.rounded(.up)))
        var headers = RateLimitHeaders(policy, remaining: 0).fields
        headers[.retryAfter] = String(seconds)
        return APIError(.tooManyRequests, "Too many requests: try again in \(seconds) s.", headers: headers)
    }
}

/// The `RateLimit-*` headers (draft-ietf-httpapi-ratelimit-headers): the burst, what is left of it, and seconds until it is whole again.
struct RateLimitHeaders: Hashable, Sendable {
    let limit: Int
    let remaining: Int
    let reset: Int

    init(_ policy: RateLimitPolicy, remaining: Int) {
        self.limit = policy.burst
        self.remaining = max(0, min(policy.burst, remaining))
        self.reset = Int((Double(policy.burst - self.remaining) / policy.rate).rounded(.up))
    }

    func add(to fields: inout HTTPFields) {
        fields[.rateLimitLimit] = String(self.limit)
        fields[.rateLimitRemaining] = String(self.remaining)
        fields[.rateLimitReset] = String(self.reset)
    }

    var fields: HTTPFields {
        [.rateLimitLimit: String(self.limit), .rateLimitRemaining: String(self.remaining), .rateLimitReset: String(self.reset)]
    }
}
