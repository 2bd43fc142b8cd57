import Domain
import GatewayCore

/// Knows one token, that of a service.
struct OneService: KeySource {
    func claims(of token: String) async throws -> TokenClaims {
        TokenClaims(subject: "tests", role: "service", expiresAt: 4_000_000_000, audiences: ["duet"])
    }
}

/// Nobody brings a key here.
struct NoMemory: IdempotencyMemory {
    func claim(_ key: String) async throws(RepositoryError) -> IdempotencyRecord { throw RepositoryError(.unavailable) }
    func settle(_ key: String, _ answer: RememberedAnswer) async throws(RepositoryError) {}
    func release(_ key: String) async throws(RepositoryError) {}
}

/// Nothing is ever revoked here.
struct NoRevocations: RevocationStore {
    func revocations(limit: Int) async throws(RepositoryError) -> [Revocation] { [] }
    func revoke(_ revocation: Revocation) async throws(RepositoryError) {}
    func changes(interval: Duration) -> AsyncStream<Void> { AsyncStream { $0.finish() } }
}

/// Whoever asks may.
struct NoLimits: RateLimitStore {
    func lease(_ key: String, _ policy: RateLimitPolicy, wanted: Int, minimum: Int) async throws(RepositoryError) -> RateLimitLease {
        RateLimitLease(granted: wanted, remaining: policy.burst, retryAfter: .zero)
    }
}

/// There is no Redis here.
struct NoCopies: CopyMaintenance {
    func removeCopies(of user: UserID) async throws(RepositoryError) -> Int { 0 }
    func flush() async throws(RepositoryError) -> Int { 0 }
}
