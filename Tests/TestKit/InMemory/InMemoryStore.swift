public import Domain
import Glibc
import Synchronization

/// Every repository in memory, over one state, with the rules of the real ones: both pass the same contract suites.
public final class InMemoryStore: Sendable {
    struct Pair: Hashable {
        let user: UserID, target: UserID
        var reversed: Pair { Pair(user: self.target, target: self.user) }
        /// The same for both directions.
        var unordered: Pair { self.user < self.target ? self : self.reversed }
    }

    struct PairState {
        enum Opinion {
            case like, superLike, dislike, unmatched
            var isPositive: Bool { self == .like || self == .superLike }
        }
        var opinion: Opinion?
        var isBlocked = false
        var isReported = false
        var updatedAt: Timestamp
        var isSevered: Bool { self.isBlocked || self.isReported }
    }

    struct State {
        /// Counts transactions; every write is one.
        var transaction: UInt64 = 100
        var lastUser: Int64 = 0
        var lastInteraction: Int64 = 0
        var users: [UserID: User] = [:]
        /// Transaction of each person's last change.
        var userTransactions: [UserID: UInt64] = [:]
        var preferences: [UserID: Preferences] = [:]
        var banned: Set<UserID> = []
        var erasures: [(erasure: Erasure, transaction: UInt64)] = []
        var interactions: [(interaction: Interaction, transaction: UInt64)] = []
        var pairs: [Pair: PairState] = [:]
        var matches: Set<Pair> = []
        /// When each match was made.
        var matchTimes: [Pair: Timestamp] = [:]
        /// What both sides of a match were told.
        var matchEvents: [(recipient: UserID, event: PairEvent)] = []
        var audit: [AuditEntry] = []
        var features: [Int: [UserID: StoredFeatures]] = [:]
        var positions: [String: LogPosition] = [:]
        var leases: Set<String> = []
        var models: [(record: ModelRecord, artefact: [UInt8])] = []
        var embeddings: [String: [UserID: Embedding]] = [:]
        var served: [(list: ServedList, transaction: UInt64)] = []
        /// What every call throws; `nil` while the store works.
        var failure: RepositoryError?
        var bells: [Bell: [Int: AsyncStream<Void>.Continuation]] = [:]
        var lastListener = 0

        /// Somebody who is not banned.
        func user(_ id: UserID) -> User? { self.banned.contains(id) ? nil : self.users[id] }

        func standing(of id: UserID) -> Standing {
            Standing(preferences: self.preferences[id] ?? Preferences(), isBanned: self.banned.contains(id))
        }

        /// Tells readers of the people's log to look at somebody again.
        mutating func noteChange(of id: UserID) {
            self.transaction += 1
            self.userTransactions[id] = self.transaction
        }

        func isSevered(_ first: UserID, _ second: UserID) -> Bool {
            let pair = Pair(user: first, target: second)
            return self.pairs[pair]?.isSevered ?? false || self.pairs[pair.reversed]?.isSevered ?? false
        }
    }

    enum Bell: Hashable { case log, models }

    private let state = Mutex(State())
    private let now: @Sendable () -> Timestamp

    /// - Parameter now: The store's clock.
    public init(now: @escaping @Sendable () -> Timestamp = InMemoryStore.systemTime) { self.now = now }

    @Sendable public static func systemTime() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// Makes every call fail with `error`, as when the server is away; `nil` ends it.
    public func fail(with error: RepositoryError?) { self.state.withLock { $0.failure = error } }

    /// Adds a person as they are, with their own identifier.
    public func insert(_ user: User) {
        self.state.withLock { state in
            state.transaction += 1
            state.users[user.id] = user
            state.userTransactions[user.id] = state.transaction
            state.lastUser = max(state.lastUser, user.id.rawValue)
        }
        self.ring(.log)
    }

    var time: Timestamp { self.now() }

    func access<Result: Sendable>(
        _ body: (inout State) throws(RepositoryError) -> Result
    ) throws(RepositoryError) -> Result {
        try self.state.withLock { (state) throws(RepositoryError) -> Result in
            if let failure = state.failure { throw failure }
            return try body(&state)
        }
    }

    /// Also while the store fails.
    func always(_ body: (inout State) -> Void) { self.state.withLock { body(&$0) } }

    func ring(_ bell: Bell) {
        let listeners = self.state.withLock { $0.bells[bell].map { Array($0.values) } ?? [] }
        for listener in listeners { listener.yield() }
    }

    func rings(_ bell: Bell, interval: Duration) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = self.state.withLock { state in
            state.lastListener += 1
            state.bells[bell, default: [:]][state.lastListener] = continuation
            return state.lastListener
        }
        continuation.yield()
        // Cancelled when the stream ends.
        let ticking = Task { while (try? await Task.sleep(for: interval)) != nil { continuation.yield() } }
        continuation.onTermination = { [weak self] _ in
            ticking.cancel()
            self?.state.withLock { $0.bells[bell]?[number] = nil }
        }
        return stream
    }
}
