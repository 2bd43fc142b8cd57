public import Domain
import Features

/// Both stages as one immutable artefact: what a server needs beside the embeddings to answer as the trainer measured.
public struct PipelineModel: Hashable, Sendable {
    /// Unique, for example `v20260102.150405`.
    public var version: String
    public var createdAt: Timestamp
    /// Versions of the schemas that the features must follow.
    public var personSchemaVersion: Int
    public var pairSchemaVersion: Int
    /// Version under which the factors are stored.
    public var embeddingVersion: String
    /// Number of factors; 0 for a model without embeddings.
    public var dimension: Int
    /// P(a person likes another), before calibration.
    public var ranker: LogisticModel
    public var calibration: PlattCalibration
    public var fusion: Fusion
    public var retrieval: Retrieval
    /// Σ over people of factors · factorsᵀ, row-major ``dimension`` × ``dimension``, for folding in one person; empty if not kept.
    public var sourceGram: [Float]
    public var targetGram: [Float]
    /// Measured on held-out data at training time.
    public var metrics: [String: Double]

    /// A model for the schemas that this program computes.
    public init(
        version: String, createdAt: Timestamp, embeddingVersion: String, dimension: Int, ranker: LogisticModel,
        calibration: PlattCalibration, fusion: Fusion, retrieval: Retrieval, sourceGram: [Float] = [], targetGram: [Float] = [],
        metrics: [String: Double] = [:]
    ) {
        self.version = version
        self.createdAt = createdAt
        self.personSchemaVersion = PersonSchema.version
        self.pairSchemaVersion = PairSchema.version
        self.embeddingVersion = embeddingVersion
        self.dimension = dimension
        self.ranker = ranker
        self.calibration = calibration
        self.fusion = fusion
        self.retrieval = retrieval
        self.sourceGram = sourceGram
        self.targetGram = targetGram
        self.metrics = metrics
    }

    /// Refuses a model that this program can't serve.
    /// - Throws: ``ModelError/Code/incompatibleSchema`` with a sentence that names both versions.
    public func requireServable() throws(ModelError) {
        guard self.personSchemaVersion == PersonSchema.version else {
            throw ModelError(
                .incompatibleSchema,
                "Model \(self.version) needs person schema \(self.personSchemaVersion); this program computes \(PersonSchema.version).")
        }
        guard self.pairSchemaVersion == PairSchema.version, self.ranker.names == PairSchema.schema.names else {
            throw ModelError(
                .incompatibleSchema,
                "Model \(self.version) needs pair schema \(self.pairSchemaVersion); this program computes \(PairSchema.version).")
        }
    }
}
