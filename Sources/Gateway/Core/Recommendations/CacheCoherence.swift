internal import Domain
internal import Logging
internal import Synchronization

/// Keeps cached lists from outliving what they show.
///
/// A version that could not be raised is remembered and raised before the cache is read again: until then this process has no cache.
final class CacheCoherence: Sendable {
    private struct State {
        /// Their own lists must not be used.
        var unannouncedActions: Set<UserID> = []
        /// No list that shows them may be used unchecked.
        var unannouncedChanges: Set<UserID> = []
        /// Log positions of people's own latest interactions, two generations.
        var positions: [UserID: UInt64] = [:]
        var olderPositions: [UserID: UInt64] = [:]
    }

    private static let positionCapacity = 50_000

    private let cache: any RecommendationCache
    private let logger: Logger
    private let state = Mutex(State())

    init(cache: any RecommendationCache, logger: Logger) {
        self.cache = cache
        self.logger = logger
    }

    /// The person did something that makes their own lists outdated. Never fails: what can't be announced now is announced later.
    func noteAction(of person: UserID) async {
        do {
            try await self.cache.bump(viewers: [person])
        } catch {
            self.state.withLock { _ = $0.unannouncedActions.insert(person) }
            self.logger.warning("Cached lists could not be invalidated", metadata: ["error": "\(error.code)"])
        }
    }

    /// People changed, left, or want not to be seen: no list may show what was, once this returns.
    /// - Throws: ``APIError`` 503 when that can't be promised; the client repeats the request.
    func confirmChange(of people: [UserID]) async throws(APIError) {
        do {
            try await self.announce(people)
        } catch {
            self.state.withLock { $0.unannouncedChanges.formUnion(people) }
            self.logger.warning("A change could not be announced", metadata: ["error": "\(error.code)"])
            throw .unavailable("The change is stored, but its confirmation")
        }
    }

    /// The person's own lists are made anew from now on.
    /// - Throws: ``APIError`` 503 when the cache is away.
    func confirmRefresh(of person: UserID) async throws(APIError) {
        do {
            try await self.cache.bump(viewers: [person])
        } catch {
            throw .unavailable("The cache")
        }
    }

    /// Catches up with what could not be announced. False while that is impossible: the cache must not be read.
    func isCacheTrusted() async -> Bool {
        let (actions, changes) = self.state.withLock { ($0.unannouncedActions, $0.unannouncedChanges) }
        if actions.isEmpty && changes.isEmpty { return true }
        do {
            if !changes.isEmpty { try await self.announce(changes.sorted()) }
            if !actions.isEmpty { try await self.cache.bump(viewers: actions.sorted()) }
        } catch {
            return false
        }
        self.state.withLock { state in
            state.unannouncedActions.subtract(actions)
            state.unannouncedChanges.subtract(changes)
        }
        return true
    }

    private func announce(_ people: [UserID]) async throws(RepositoryError) {
        try await self.cache.changed(people: people)
        try await self.cache.bump(viewers: people)
    }

    // MARK: Read your writes

    /// The person's own interaction is in the log at this transaction.
    func note(position: UInt64, of person: UserID) {
        self.state.withLock { state in
            if state.positions.count >= Self.positionCapacity {
                state.olderPositions = state.positions
                state.positions = [:]
            }
            state.positions[person] = max(position, state.positions[person] ?? 0)
        }
    }

    /// Up to where the log must be accounted for in what this person sees; 0 when they did nothing here lately.
    func position(of person: UserID) -> UInt64 {
        self.state.withLock { $0.positions[person] ?? $0.olderPositions[person] ?? 0 }
    }
}
