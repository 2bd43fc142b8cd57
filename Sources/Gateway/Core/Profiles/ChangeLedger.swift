internal import Domain
internal import Synchronization

/// What this process knows of who changed, by which it judges its copies of people.
///
/// Nothing is taken on trust: before a copy is used, everything that was announced until the request came is learnt from the log of changes,
/// one question to Redis for all requests that wait at that moment (``ChangeBarrier``). A change is acknowledged only when it has been
/// announced, so a copy that is used is at least as new as every acknowledged change, on whichever gateway it was made. Without Redis no copy
/// holds.
///
/// One rule says whether a copy holds: nothing is known to have changed since the reading of it began.
final class ChangeLedger: Sendable {
    /// The state of knowledge when a reading began.
    struct Ticket: Sendable {
        fileprivate let epoch: UInt64
    }

    /// What was read after a ticket was given out.
    struct Copy<Value: Sendable>: Sendable {
        let value: Value
        let ticket: Ticket
        let madeAt: ContinuousClock.Instant
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
    }

    /// An activity that could not be announced, because Redis broke at that moment, is seen elsewhere after this long at the latest.
    static let lifetime: Duration = .seconds(30)

    private let now: @Sendable () -> ContinuousClock.Instant
    private let coherence: CacheCoherence
    private let barrier: ChangeBarrier
    private let state: Mutex<State>

    init(cache: any RecommendationCache, coherence: CacheCoherence, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.now = now
        self.coherence = coherence
        self.barrier = ChangeBarrier(cache: cache)
        self.state = Mutex(State(turnedAt: now()))
    }

    /// Learns what changed until now.
    /// - Returns: `nil` while that can't be known: then no copy may be used.
    func catchUp() async -> Ticket? {
        guard await self.coherence.isCacheTrusted(), await self.barrier.pass({ self.position }, { self.learn($0) }) else { return nil }
        return Ticket(epoch: self.state.withLock { $0.epoch })
    }

    func copy<Value>(of value: Value, _ ticket: Ticket) -> Copy<Value> { Copy(value: value, ticket: ticket, madeAt: self.now()) }

    /// - Parameter people: Whom the copy speaks of.
    func holds<Value>(_ copy: Copy<Value>, _ people: UserID...) -> Bool {
        self.now() - copy.madeAt < Self.lifetime
            && self.state.withLock { state in
                copy.ticket.epoch >= state.clearedAt && people.allSatisfy { state.changes[$0] ?? 0 <= copy.ticket.epoch }
            }
    }

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
}

/// A table in two generations: when the young one is full, the old one is dropped and the young one ages.
struct Generations<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    subscript(key: Key) -> Value? { self.young[key] ?? self.old[key] }

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
