internal import Domain
internal import NIOCore
internal import Synchronization
internal import Telemetry

/// Profiles as they are answered, in this process.
///
/// Nothing is taken on trust: before a copy is used, everything that was announced until the request came is learnt from the log of changes,
/// one question to Redis for all requests that wait at that moment (``ChangeBarrier``). A change is acknowledged only when it has been
/// announced, so a copy that is used is at least as new as every acknowledged change, on whichever gateway it was made. Without Redis there is
/// no copy.
///
/// One rule says whether a copy holds: nothing is known to have changed since the reading of it began.
final class ProfileCache: Sendable {
    /// The state of knowledge when a reading began.
    struct Ticket: Sendable {
        fileprivate let epoch: UInt64
    }

    private struct Copy<Value: Sendable> {
        let value: Value
        let epoch: UInt64
        let madeAt: ContinuousClock.Instant
    }

    private struct Pair: Hashable {
        let viewer: UserID, other: UserID
    }

    private struct State {
        /// Grows with each piece of news.
        var epoch: UInt64 = 1
        var position: ChangePosition?
        /// Copies older than this hold no more.
        var clearedAt: UInt64 = 0
        /// When people last changed, in epochs. What is forgotten is older than any copy.
        var changes = Generations<UserID, UInt64>()
        var turnedAt: ContinuousClock.Instant
        var profiles = Generations<UserID, Copy<ByteBuffer>>()
        /// Pairs that nothing severs.
        var pairs = Generations<Pair, Copy<Void>>()
    }

    /// An activity that could not be announced, because Redis broke at that moment, is seen elsewhere after this long at the latest.
    private static let lifetime: Duration = .seconds(30)

    private let capacity: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let coherence: CacheCoherence
    private let barrier: ChangeBarrier
    private let state: Mutex<State>
    private let hits: Counter
    private let misses: Counter
    private let bypasses: Counter

    /// - Parameter capacity: Profiles that are kept; 0: none.
    init(
        cache: any RecommendationCache, coherence: CacheCoherence, capacity: Int, registry: MetricsRegistry,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.capacity = capacity
        self.now = now
        self.coherence = coherence
        self.barrier = ChangeBarrier(cache: cache)
        self.state = Mutex(State(turnedAt: now()))
        let counters = ["hit", "miss", "unavailable"].map {
            registry.counter("duet_profile_cache_total", "Look-ups of profiles in the process's own cache.", labels: [("outcome", $0)])
        }
        (self.hits, self.misses, self.bypasses) = (counters[0], counters[1], counters[2])
    }

    /// Learns what changed until now.
    /// - Returns: `nil` while that can't be known: then nothing here may be used.
    func refresh() async -> Ticket? {
        guard self.capacity > 0 else { return nil }
        guard await self.coherence.isCacheTrusted(), await self.barrier.pass({ self.position }, { self.learn($0) }) else {
            self.bypasses.increment()
            return nil
        }
        return Ticket(epoch: self.state.withLock { $0.epoch })
    }

    /// - Parameter viewer: Whom a block may hide the person from; `nil`: nobody.
    func profile(of id: UserID, for viewer: UserID?) -> ByteBuffer? {
        let now = self.now()
        let found = self.state.withLock { state -> ByteBuffer? in
            guard let copy = state.profiles[id], Self.holds(copy, [id], now, &state) else { return nil }
            guard let viewer, viewer != id else { return copy.value }
            guard let pair = state.pairs[Pair(viewer: viewer, other: id)], Self.holds(pair, [viewer, id], now, &state) else { return nil }
            return copy.value
        }
        (found == nil ? self.misses : self.hits).increment()
        return found
    }

    /// Keeps what was read after the ticket was given out.
    /// - Parameter viewer: Whom nothing severs from the person, as was read after it too.
    func store(_ profile: ByteBuffer, of id: UserID, for viewer: UserID?, _ ticket: Ticket) {
        let now = self.now()
        self.state.withLock { state in
            state.profiles.insert(Copy(value: profile, epoch: ticket.epoch, madeAt: now), for: id, capacity: self.capacity)
            guard let viewer, viewer != id else { return }
            state.pairs.insert(
                Copy(value: (), epoch: ticket.epoch, madeAt: now), for: Pair(viewer: viewer, other: id), capacity: 4 * self.capacity)
        }
    }

    // MARK: News

    private var position: ChangePosition? { self.state.withLock { $0.position } }

    private func learn(_ news: ChangedPeople) {
        let now = self.now()
        self.state.withLock { state in
            state.position = news.position
            guard news.people?.isEmpty != true else { return }
            state.epoch += 1
            if now - state.turnedAt > Self.lifetime {
                state.changes.turn()
                state.turnedAt = now
            }
            guard let people = news.people else {
                state.clearedAt = state.epoch
                return
            }
            for person in people { state.changes.set(state.epoch, for: person) }
        }
    }

    private static func holds<Value>(
        _ copy: Copy<Value>, _ people: [UserID], _ now: ContinuousClock.Instant, _ state: inout State
    ) -> Bool {
        copy.epoch >= state.clearedAt && now - copy.madeAt < self.lifetime && people.allSatisfy { state.changes.peek($0) ?? 0 <= copy.epoch }
    }
}

/// A table in two generations: when the young one is full, the old one is dropped and the young one ages. Whoever is asked for stays.
struct Generations<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    func peek(_ key: Key) -> Value? { self.young[key] ?? self.old[key] }

    subscript(key: Key) -> Value? { self.peek(key) }

    /// - Parameter capacity: Of both generations.
    mutating func insert(_ value: Value, for key: Key, capacity: Int) {
        if self.young.count >= max(1, capacity / 2), self.young[key] == nil { self.turn() }
        self.young[key] = value
    }

    mutating func set(_ value: Value, for key: Key) { self.young[key] = value }

    mutating func turn() {
        self.old = self.young
        self.young = [:]
    }
}
