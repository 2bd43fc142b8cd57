/// The behavioural part of a person's features, as stored.
public struct StoredFeatures: Hashable, Sendable {
    public var userID: UserID
    /// Version of the feature schema that the values follow.
    public var schemaVersion: Int
    /// Value by name.
    public var values: [String: Double]
    public var computedAt: Timestamp

    public init(userID: UserID, schemaVersion: Int, values: [String: Double], computedAt: Timestamp) {
        self.userID = userID
        self.schemaVersion = schemaVersion
        self.values = values
        self.computedAt = computedAt
    }
}

/// The feature store (`user_features`).
public protocol FeatureRepository: Sendable {
    /// Stored features of those people who have any, in no particular order.
    func features(of ids: [UserID], schemaVersion: Int) async throws(RepositoryError) -> [StoredFeatures]
    /// Where the named consumer of the log stands; ``LogPosition/start`` at first.
    func position(of consumer: String) async throws(RepositoryError) -> LogPosition
    /// Replaces the features of these people and moves the consumer, in one transaction: effect and position can't part.
    /// - Throws: ``RepositoryError/Code/conflict`` if the consumer no longer stands at `expected`; nothing is changed.
    func save(
        _ features: [StoredFeatures], consumer: String, expected: LogPosition, position: LogPosition
    ) async throws(RepositoryError)
    /// Runs `body` while this process alone holds the named lease; returns `nil` at once if another holds it.
    func withLease<Result: Sendable>(_ name: String, _ body: @Sendable () async throws -> Result) async throws -> Result?
}
