public import Domain

/// What is known of a request's key.
public enum IdempotencyRecord: Hashable, Sendable {
    /// Nobody used the key before; whoever asked has claimed it now.
    case claimed
    /// The first request with this key has not been answered yet.
    case inProgress
    /// The first request's fingerprint and answer.
    case answered(fingerprint: UInt64, body: [UInt8])
}

/// Remembers answers by key for 24 hours.
public protocol IdempotencyMemory: Sendable {
    /// Looks a key up and, in the same step, claims it if it is free. A claim that is never settled is free again after half a minute.
    func claim(_ key: String) async throws(RepositoryError) -> IdempotencyRecord
    func settle(_ key: String, fingerprint: UInt64, body: [UInt8]) async throws(RepositoryError)
    /// Frees a claimed key whose request failed.
    func release(_ key: String) async throws(RepositoryError)
}
