public import Domain

/// An answer as it goes out again for a repeated request.
public struct RememberedAnswer: Hashable, Sendable {
    /// Of the request: the same key for another one is a mistake.
    public var fingerprint: UInt64
    public var status: Int
    public var location: String?
    public var body: [UInt8]

    public init(fingerprint: UInt64, status: Int, location: String? = nil, body: [UInt8]) {
        self.fingerprint = fingerprint
        self.status = status
        self.location = location
        self.body = body
    }
}

/// What is known of a request's key.
public enum IdempotencyRecord: Hashable, Sendable {
    /// Nobody used the key before; whoever asked has claimed it now.
    case claimed
    /// The first request with this key has not been answered yet.
    case inProgress
    case answered(RememberedAnswer)
}

/// Remembers answers by key for 24 hours.
public protocol IdempotencyMemory: Sendable {
    /// Looks a key up and, in the same step, claims it if it is free. A claim that is never settled is free again after half a minute.
    func claim(_ key: String) async throws(RepositoryError) -> IdempotencyRecord
    func settle(_ key: String, _ answer: RememberedAnswer) async throws(RepositoryError)
    /// Frees a claimed key whose request failed.
    func release(_ key: String) async throws(RepositoryError)
}
