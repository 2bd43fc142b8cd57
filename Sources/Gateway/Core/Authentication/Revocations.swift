public import Domain
public import Logging
internal import Synchronization

/// A token, or all tokens of a subject up to a moment, that must not be taken any more.
public struct Revocation: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        /// By its `jti`.
        case token(String)
        /// Issued at this moment or before; tokens without `iat` are meant, too.
        case subject(String, until: Timestamp)
    }

    public var target: Target
    /// When the last of these tokens expires by itself: then this may be forgotten.
    public var expiresAt: Timestamp

    public init(_ target: Target, expiresAt: Timestamp) {
        self.target = target
        self.expiresAt = expiresAt
    }
}

/// Where revocations are kept for all gateways.
public protocol RevocationStore: Sendable {
    /// Those that have not expired, at most `limit`, those that live longest first.
    func revocations(limit: Int) async throws(RepositoryError) -> [Revocation]
    func revoke(_ revocation: Revocation) async throws(RepositoryError)
    /// Yields when there may be new ones.
    func changes(interval: Duration) -> AsyncStream<Void>
}

/// This process's copy of the revocations. While the store is away the last copy holds.
public final class RevocationList: Sendable {
    private struct State {
        var tokens: Set<String> = []
        /// Until when the tokens of a subject must have been issued to be revoked.
        var subjects: [String: Timestamp] = [:]
    }

    /// Entries that are held at most.
    private static let capacity = 100_000

    private let store: any RevocationStore
    private let logger: Logger
    private let state = Mutex(State())
    private let hasAny = Atomic(false)

    public init(store: any RevocationStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Follows the store until cancelled.
    public func run(interval: Duration = .seconds(5)) async {
        for await _ in self.store.changes(interval: interval) { await self.refresh() }
    }

    public func refresh() async {
        do {
            let found = try await self.store.revocations(limit: Self.capacity)
            if found.count == Self.capacity { self.logger.warning("There are more revoked tokens than this process holds") }
            var state = State()
            for revocation in found {
                switch revocation.target {
                case .token(let id): state.tokens.insert(id)
                case .subject(let subject, let until): state.subjects[subject] = max(until, state.subjects[subject] ?? until)
                }
            }
            self.state.withLock { $0 = state }
            self.hasAny.store(!found.isEmpty, ordering: .releasing)
        } catch {
            self.logger.warning("Revoked tokens can't be read; those known stay revoked", metadata: ["error": "\(error.code)"])
        }
    }

    func covers(subject: String, tokenID: String?, issuedAt: Timestamp?) -> Bool {
        guard self.hasAny.load(ordering: .acquiring) else { return false }
        return self.state.withLock { state in
            if let tokenID, state.tokens.contains(tokenID) { return true }
            guard let until = state.subjects[subject] else { return false }
            return issuedAt.map { $0 <= until } ?? true
        }
    }
}
