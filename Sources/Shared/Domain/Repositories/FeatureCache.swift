/// Which packed features a cache may hold side by side.
public struct FeatureVersion: Hashable, Sendable {
    public var schema: Int
    /// Version of the model whose factors are packed in; empty without one.
    public var embedding: String

    public init(schema: Int, embedding: String) {
        self.schema = schema
        self.embedding = embedding
    }
}

/// News of stored features.
public enum FeatureChange: Hashable, Sendable {
    case people([UserID])
    /// News may have been lost: anyone's features may have changed.
    case unknown
}

/// Packed features of people, shared by all replicas, kept for five minutes. A cache that is away misses everything and stores nothing.
public protocol FeatureCache: Sendable {
    /// Values in the order of `ids`; `nil` for a miss.
    func values(of ids: [UserID], _ version: FeatureVersion) async -> [[UInt8]?]
    func store(_ values: [(id: UserID, value: [UInt8])], _ version: FeatureVersion) async
    func remove(_ ids: [UserID], _ version: FeatureVersion) async
    /// Tells all replicas that the stored features of these people changed.
    func announce(_ ids: [UserID]) async
    /// What the replicas announce. Ends when cancelled.
    func changes() -> AsyncStream<FeatureChange>
}
