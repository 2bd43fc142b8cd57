internal import Domain
internal import NIOCore
internal import Synchronization
internal import Telemetry

/// Profiles as they are answered, in this process, as far as the ``ChangeLedger`` lets copies hold.
final class ProfileCache: Sendable {
    private struct Pair: Hashable {
        let viewer: UserID, other: UserID
    }

    private struct State {
        var profiles = Generations<UserID, ChangeLedger.Copy<ByteBuffer>>()
        /// Pairs that nothing severs.
        var pairs = Generations<Pair, ChangeLedger.Copy<Void>>()
    }

    private let ledger: ChangeLedger
    private let capacity: Int
    private let state = Mutex(State())
    private let hits: Counter
    private let misses: Counter
    private let bypasses: Counter

    /// - Parameter capacity: Profiles that are kept; 0: none.
    init(_ ledger: ChangeLedger, capacity: Int, registry: MetricsRegistry) {
        self.ledger = ledger
        self.capacity = capacity
        let counters = ["hit", "miss", "unavailable"].map {
            registry.counter("duet_profile_cache_total", "Look-ups of profiles in the process's own cache.", labels: [("outcome", $0)])
        }
        (self.hits, self.misses, self.bypasses) = (counters[0], counters[1], counters[2])
    }

    /// Learns what changed until now.
    /// - Returns: `nil` while that can't be known: then nothing here may be used.
    func refresh() async -> ChangeLedger.Ticket? {
        guard self.capacity > 0 else { return nil }
        let ticket = await self.ledger.catchUp()
        if ticket == nil { self.bypasses.increment() }
        return ticket
    }

    /// - Parameter viewer: Whom a block may hide the person from; `nil`: nobody.
    func profile(of id: UserID, for viewer: UserID?) -> ByteBuffer? {
        let found = self.state.withLock { state -> ByteBuffer? in
            guard let copy = state.profiles[id], self.ledger.holds(copy, id) else { return nil }
            guard let viewer, viewer != id else { return copy.value }
            guard let pair = state.pairs[Pair(viewer: viewer, other: id)], self.ledger.holds(pair, viewer, id) else { return nil }
            return copy.value
        }
        (found == nil ? self.misses : self.hits).increment()
        return found
    }

    /// Keeps what was read after the ticket was given out.
    /// - Parameter viewer: Whom nothing severs from the person, as was read after it too.
    func store(_ profile: ByteBuffer, of id: UserID, for viewer: UserID?, _ ticket: ChangeLedger.Ticket) {
        let copy = self.ledger.copy(of: profile, ticket)
        let pair = self.ledger.copy(of: (), ticket)
        self.state.withLock { state in
            state.profiles.insert(copy, for: id, capacity: self.capacity)
            guard let viewer, viewer != id else { return }
            state.pairs.insert(pair, for: Pair(viewer: viewer, other: id), capacity: 4 * self.capacity)
        }
    }
}
