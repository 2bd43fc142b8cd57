import Domain
import Features
import InMemory
import LinearMath
import Mesh
import MeshAPI
import Models

/// Made-up people with everything that ranking looks at, and a model.
struct Community {
    static let now = Timestamp(seconds: 1_767_225_600)
    private static let dimension = 16

    let store: InMemoryStore
    private let people: Int

    init(people: Int) async throws {
        self.people = people
        self.store = InMemoryStore(now: { Self.now })
        var generator = SeededGenerator(seed: 7)
        var features: [StoredFeatures] = []
        var embeddings: [Embedding] = []
        for id in 1...Int64(people) {
            let user = Self.user(id, &generator)
            self.store.insert(user)
            features.append(
                StoredFeatures(
                    userID: user.id, schemaVersion: PersonSchema.version, values: Self.behaviour(&generator).values, computedAt: Self.now))
            // One of ten came after the model.
            guard id % 10 != 0 else { continue }
            embeddings.append(Embedding(userID: user.id, source: Self.vector(&generator), target: Self.vector(&generator)))
        }
        try await self.store.save(features, consumer: "bench", expected: .start, position: .start)
        try await self.store.store(embeddings, version: "e")
        let artefact = try Self.model(&generator).encode()
        try await self.store.register(
            ModelRecord(
                version: "m", schemaVersion: PersonSchema.version, checksum: PipelineModel.checksum(of: artefact), metrics: [:], lineage: [:],
                createdAt: Self.now),
            artefact: artefact)
        _ = try await self.store.activate("m")
    }

    /// Packed calls of random viewers with 300 random candidates each, of whom 40 are wanted.
    func requests(_ count: Int) throws -> [[UInt8]] {
        var generator = SeededGenerator(seed: 11)
        return try (0..<count).map { _ in
            var ids: Set<UInt64> = []
            while ids.count < 301 { ids.insert(.random(in: 1...UInt64(self.people), using: &generator)) }
            let list = ids.shuffled(using: &generator)
            return try RankRequest(userID: list[0], candidateIDs: Array(list.dropFirst()), limit: 40).packed()
        }
    }

    func featureRequest(_ request: RankRequest) -> GetFeaturesRequest {
        GetFeaturesRequest(
            userIDs: [request.userID] + request.candidateIDs, schemaVersion: UInt32(PersonSchema.version), embeddingVersion: "e")
    }

    private static func user(_ id: Int64, _ generator: inout SeededGenerator) -> User {
        let words = (0..<Int.random(in: 6...16, using: &generator)).map { _ in "word\(Int.random(in: 0..<300, using: &generator))" }
        let interests = (0..<Int.random(in: 2...6, using: &generator)).map { _ in "interest\(Int.random(in: 0..<40, using: &generator))" }
        return User(
            id: UserID(id), name: "Somebody", age: .random(in: 18...70, using: &generator),
            gender: Gender.allCases.randomElement(using: &generator), location: "Place \(id % 200)",
            coordinate: Coordinate(latitude: .random(in: 45...48, using: &generator), longitude: .random(in: 6...10, using: &generator)),
            bio: words.joined(separator: " "), interests: interests, createdAt: Timestamp(seconds: 1_760_000_000))
    }

    private static func behaviour(_ generator: inout SeededGenerator) -> BehaviourCounters {
        var counters = BehaviourCounters()
        for _ in 0..<Int.random(in: 0...20, using: &generator) {
            let other = BehaviourCounters.Counterpart(
                age: .random(in: 18...70, using: &generator), gender: Gender.allCases.randomElement(using: &generator))
            let moment = Timestamp(seconds: .random(in: 1_765_000_000...1_767_000_000, using: &generator))
            counters.apply(sent: .like, to: other, at: moment)
            counters.apply(received: .like, from: other)
        }
        return counters
    }

    private static func vector(_ generator: inout SeededGenerator) -> [Float] {
        (0..<Self.dimension).map { _ in .random(in: -1...1, using: &generator) }
    }

    private static func model(_ generator: inout SeededGenerator) throws -> PipelineModel {
        let names = PairSchema.schema.names
        let weights = names.map { _ in Double.random(in: -1...1, using: &generator) }
        return PipelineModel(
            version: "m", createdAt: Self.now, embeddingVersion: "e", dimension: Self.dimension,
            ranker: try LogisticModel(names: names, weights: weights, intercept: -0.3),
            calibration: try PlattCalibration(slope: 0.8, offset: 0.1), fusion: try Fusion(kind: .product, reciprocalWeight: 0.3),
            retrieval: Retrieval(
                factorization: .init(
                    factors: Self.dimension, iterations: 1, alpha: 1, regularization: 1, regularizationExponent: 1, unobservedWeight: 0.1,
                    seed: 1),
                quotas: [:]))
    }
}
