import CandidateSvcCore
import Domain
import Logging
import Models
import TestKit

/// A small community in memory, its log and an index that follows it.
struct Community {
    static let now = Timestamp(seconds: 1_750_000_000)
    static let day: Int64 = 86_400

    let store = InMemoryStore(now: { Community.now })
    let index = CandidateIndex()
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    var tail: LogTail { LogTail(log: self.store, index: self.index, pageSize: 7, logger: self.logger) }
    var loader: FactorLoader { FactorLoader(models: self.store, embeddings: self.store, index: self.index, logger: self.logger) }

    func generator(_ settings: CandidateSettings = CandidateSettings()) -> CandidateGenerator {
        CandidateGenerator(index: self.index, settings: settings, now: { Self.now })
    }

    /// A generator with one source alone.
    func generator(only source: CandidateSource) -> CandidateGenerator {
        var settings = CandidateSettings()
        settings.shares = [source: 1]
        return self.generator(settings)
    }

    @discardableResult
    func add(
        _ id: Int64, age: Int? = 30, gender: Gender? = nil, location: String? = nil, at place: (Double, Double)? = nil,
        interests: [String] = [], joinedDaysAgo: Int64 = 100, activeDaysAgo: Int64? = nil
    ) -> UserID {
        let user = User(
            id: UserID(id), name: "Person \(id)", age: age, gender: gender, location: location,
            coordinate: place.flatMap { Coordinate(latitude: $0.0, longitude: $0.1) }, interests: interests,
            createdAt: Timestamp(seconds: Self.now.rawValue / 1_000_000 - joinedDaysAgo * Self.day),
            lastActiveAt: activeDaysAgo.map { Timestamp(seconds: Self.now.rawValue / 1_000_000 - $0 * Self.day) })
        self.store.insert(user)
        return user.id
    }

    func record(_ kind: InteractionKind, _ from: Int64, _ to: Int64, secondsAgo: Int64 = 0) async throws {
        _ = try await self.store.record(
            NewInteraction(
                userID: UserID(from), targetUserID: UserID(to), kind: kind,
                timestamp: Timestamp(seconds: Self.now.rawValue / 1_000_000 - secondsAgo)))
    }

    func like(_ from: Int64, _ targets: some Sequence<Int64>) async throws {
        for target in targets { try await self.record(.like, from, target) }
    }

    /// Registers and activates a model with these factors.
    func activate(_ version: String, _ factors: [Int64: (source: [Float], target: [Float])]) async throws {
        try await self.store.store(
            factors.map { Embedding(userID: UserID($0.key), source: $0.value.source, target: $0.value.target) }, version: version)
        let model = PipelineModel(
            version: version, createdAt: Self.now, embeddingVersion: version, dimension: factors.first?.value.source.count ?? 0,
            ranker: try LogisticModel(names: ["x"], weights: [1], intercept: 0), calibration: .identity,
            fusion: try Fusion(kind: .product, reciprocalWeight: 1),
            retrieval: Retrieval(
                factorization: .init(
                    factors: 2, iterations: 1, alpha: 1, regularization: 1, regularizationExponent: 1, unobservedWeight: 0.1, seed: 1),
                quotas: [:]))
        let artefact = model.encode()
        try await self.store.register(
            ModelRecord(
                version: version, schemaVersion: 1, checksum: PipelineModel.checksum(of: artefact), metrics: [:], lineage: [:],
                createdAt: Self.now),
            artefact: artefact)
        _ = try await self.store.activate(version)
    }

    func people(_ query: CandidateQuery, _ generator: CandidateGenerator? = nil) -> [Int64] {
        (generator ?? self.generator()).generate(query).people.map(\.rawValue)
    }
}

func query(_ viewer: Int64, limit: Int = 100, _ change: (inout CandidateQuery) -> Void = { _ in }) -> CandidateQuery {
    var query = CandidateQuery(viewer: UserID(viewer), limit: limit)
    change(&query)
    return query
}
