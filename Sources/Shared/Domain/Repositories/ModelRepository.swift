/// What the registry knows of a model beside its bytes.
public struct ModelRecord: Hashable, Sendable {
    /// Unique, for example `v20260102.150405`.
    public var version: String
    public var schemaVersion: Int
    /// SHA-256 of the artefact, lower-case hexadecimal.
    public var checksum: String
    /// Measured on held-out data at training time.
    public var metrics: [String: Double]
    /// What it was made from: parameters, seed, numbers of people and interactions.
    public var lineage: [String: String]
    public var createdAt: Timestamp
    public var isActive: Bool
    /// When it became active the last time; `nil` if it never was.
    public var activatedAt: Timestamp?

    public init(
        version: String, schemaVersion: Int, checksum: String, metrics: [String: Double], lineage: [String: String], createdAt: Timestamp,
        isActive: Bool = false, activatedAt: Timestamp? = nil
    ) {
        self.version = version
        self.schemaVersion = schemaVersion
        self.checksum = checksum
        self.metrics = metrics
        self.lineage = lineage
        self.createdAt = createdAt
        self.isActive = isActive
        self.activatedAt = activatedAt
    }
}

/// The model registry. Artefacts never change once registered.
public protocol ModelRepository: Sendable {
    /// Newest first.
    func models() async throws(RepositoryError) -> [ModelRecord]
    func active() async throws(RepositoryError) -> ModelRecord?
    /// - Throws: ``RepositoryError/Code/malformed`` when the bytes don't match the checksum.
    func artefact(_ version: String) async throws(RepositoryError) -> [UInt8]?
    /// Stores a model. Nobody uses it before it is activated.
    func register(_ record: ModelRecord, artefact: [UInt8]) async throws(RepositoryError)
    /// Makes one model the active one and rings the bell. False if there is no such version.
    func activate(_ version: String) async throws(RepositoryError) -> Bool
    /// Yields when the active model may have changed: on the bell, and every `interval`.
    func changes(interval: Duration) -> AsyncStream<Void>
}
