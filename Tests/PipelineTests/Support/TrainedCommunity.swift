import Domain
import FeatureSvcCore
import Logging
import Models
import Simulation
import Telemetry
import TestKit
import Testing
import Trainer

let quietLogger = Logger(label: "pipeline-tests") { _ in SwiftLogNoOpLogHandler() }

/// A small made-up community and two models that were trained on it: made once, poured into a store of its own for each test.
struct TrainedCommunity: Sendable {
    struct Model: Sendable {
        var record: ModelRecord
        var artefact: [UInt8]
        var embeddings: [Embedding]
    }

    /// Lives as long as the process; whoever needs it first waits longest.
    private static let made = Task { try await TrainedCommunity() }
    static var shared: TrainedCommunity { get async throws { try await Self.made.value } }

    let users: [User]
    let interactions: [Interaction]
    let now: Timestamp
    /// The first is active in ``makeStore()``.
    let models: [Model]
    /// People who know some of the community, and far from everybody.
    let viewers: [UserID]

    private init() async throws {
        let community = try Community(SimulationOptions(people: 400, interactions: 8000, seed: 11))
        let now = community.options.end
        let store = InMemoryStore(now: { now })
        let source = InMemoryTrainingSource(users: community.users, interactions: community.interactions)
        // Embeddings are kept of people whom the store knows.
        for user in community.users { store.insert(user) }
        var models: [Model] = []
        for seed: UInt64 in [1, 2] {
            var options = TrainingOptions(now: now)
            options.seed = seed
            options.force = true
            options.factorizations = [
                FactorizationTrial(factors: 8, iterations: 6, unobservedMass: 50, regularization: 0.01, regularizationExponent: 1)
            ]
            let report = try await TrainingJob(source: source, models: store, embeddings: store).run(options)
            let record = try #require(try await store.active())
            let artefact = try #require(try await store.artefact(report.version))
            let version = try PipelineModel(decoding: artefact).embeddingVersion
            let embeddings = try await store.embeddings(of: community.users.map(\.id), version: version)
            models.append(Model(record: record, artefact: artefact, embeddings: embeddings))
        }
        self.users = community.users
        self.interactions = community.interactions
        self.now = now
        self.models = models
        let sent = Dictionary(grouping: community.interactions, by: \.userID).mapValues(\.count)
        self.viewers = community.users.map(\.id).filter { (10...30).contains(sent[$0] ?? 0) }
    }

    /// A store with everybody, all that they did, their features and both models.
    func makeStore() async throws -> InMemoryStore {
        let now = self.now
        let store = InMemoryStore(now: { now })
        for user in self.users { store.insert(user) }
        for row in self.interactions {
            _ = try await store.record(
                NewInteraction(userID: row.userID, targetUserID: row.targetUserID, kind: row.kind, timestamp: row.timestamp))
        }
        for model in self.models {
            let version = try PipelineModel(decoding: model.artefact).embeddingVersion
            try await store.store(model.embeddings, version: version)
            try await store.register(model.record, artefact: model.artefact)
        }
        _ = try await store.activate(self.models[0].record.version)
        let consumer = InteractionConsumer(
            log: store, users: store, features: store, cache: nil, packedVersions: { [] }, metrics: FeatureMetrics(MetricsRegistry()),
            logger: quietLogger, now: { now })
        try await consumer.catchUp()
        return store
    }
}
