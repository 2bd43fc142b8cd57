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

extension ModelRecord {
    /// Prefix of the metrics that say how much each feature of the ranker counts; they sum up to 1.
    public static let importancePrefix = "importance."
    /// Prefix of the metrics that say, bin by bin, what was predicted and what came.
    public static let calibrationPrefix = "calibration."
    /// In the lineage: the version that was active when this one was found to be worse and not activated.
    public static let rejectionKey = "rejected_for"

    /// NDCG@10 of whole lists, held out at training time.
    public var quality: Double? { self.metrics["ndcg@10"] }

    /// How much each feature counts, the largest share first.
    public var importance: [(feature: String, share: Double)] {
        self.metrics.filter { $0.key.hasPrefix(Self.importancePrefix) }
            .map { (String($0.key.dropFirst(Self.importancePrefix.count)), $0.value) }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    /// The metrics without those that plots are made of, by name.
    public var measurements: [(name: String, value: Double)] {
        self.metrics.filter { !$0.key.hasPrefix(Self.importancePrefix) && !$0.key.hasPrefix(Self.calibrationPrefix) }
            .map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }

    /// Why serving this model instead of another would be a step back; `nil` if nothing speaks against it.
    ///
    /// A comparison on the same data that training made counts before the two models' own measurements, which may come from different
    /// times; of the latter, one standard error is nobody's fault.
    public func objection(toReplacing active: ModelRecord) -> String? {
        guard self.version != active.version else { return nil }
        if self.lineage[Self.rejectionKey] == active.version {
            return "Training found \(self.version) worse than \(active.version) on the same data."
        }
        guard let own = self.quality, let theirs = active.quality, own < theirs - (self.metrics["ndcg@10.se"] ?? 0) else { return nil }
        func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
        return "The quality of \(self.version) is \(rounded(own)), that of the active \(active.version) \(rounded(theirs))."
    }

    /// The model that was active last before the one that is active now; `nil` if no other ever was.
    public static func previous(of models: [ModelRecord]) -> ModelRecord? {
        models.filter { !$0.isActive && $0.activatedAt != nil }
            .max { ($0.activatedAt ?? $0.createdAt) < ($1.activatedAt ?? $1.createdAt) }
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
