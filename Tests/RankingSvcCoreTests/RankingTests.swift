import Domain
import Features
import Logging
import Mesh
import MeshAPI
import Models
import RankingSvcCore
import Synchronization
import Telemetry
import TestKit
import Testing

/// Features of people made up on the spot.
final class FakeFeatures: FeatureProvider {
    let people: Mutex<[UInt64: PersonFeatures]>
    private let failure: MeshError?
    let requests = Mutex<[GetFeaturesRequest]>([])
    let deadlines = Mutex<[Deadline]>([])
    private let failing = Mutex<[UInt64]>([])

    init(_ people: [UInt64: PersonFeatures], failure: MeshError? = nil) {
        self.people = Mutex(people)
        self.failure = failure
    }

    /// Requests for all of these fail.
    func setFailing(ids: [UInt64]) { self.failing.withLock { $0 = ids } }

    func features(_ request: GetFeaturesRequest, deadline: Deadline) async throws(MeshError) -> GetFeaturesResponse {
        self.requests.withLock { $0.append(request) }
        self.deadlines.withLock { $0.append(deadline) }
        if let failure { throw failure }
        let failing = self.failing.withLock { $0 }
        if !failing.isEmpty, failing.allSatisfy(request.userIDs.contains) { throw MeshError(.unavailable, "away") }
        var rows: [UInt32] = []
        let people = self.people.withLock { $0 }
        for id in request.userIDs {
            if let person = people[id] { person.write(to: &rows, dimension: 2) } else { rows.append(PersonRow.absent) }
        }
        return GetFeaturesResponse(schemaVersion: request.schemaVersion, embeddingVersion: request.embeddingVersion, rows: rows)
    }
}

struct Fixture {
    static let now = Timestamp(seconds: 1_750_000_000)
    let registry = InMemoryStore(now: { Fixture.now })
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// People 1…20; the factors make 1 like those with a high id.
    static let people: [UInt64: PersonFeatures] = Dictionary(
        uniqueKeysWithValues: (1...20).map { id -> (UInt64, PersonFeatures) in
            let user = User(
                id: UserID(Int64(id)), name: "", age: 20 + Int(id), gender: id.isMultiple(of: 2) ? .female : .male, interests: ["Tea"],
                createdAt: Self.now)
            let embedding = Embedding(userID: user.id, source: [1, 0.1 * Float(id)], target: [Float(id), 1])
            return (UInt64(id), PersonFeatures.make(profile: user, behaviour: BehaviourCounters(), embedding: embedding))
        })

    func model(_ version: String, collaborative: Double = 0.5, reciprocal: Double = 0.3) throws -> PipelineModel {
        let names = PairSchema.schema.names
        let weights = names.indices.map { index in
            index == PairSchema.Feature.collaborativeScore.index ? collaborative : 0.01 * Double(index % 5)
        }
        return PipelineModel(
            version: version, createdAt: Self.now, embeddingVersion: "e-\(version)", dimension: 2,
            ranker: try LogisticModel(names: names, weights: weights, intercept: -0.7),
            calibration: try PlattCalibration(slope: 0.5, offset: -1),
            fusion: try Fusion(kind: .product, reciprocalWeight: reciprocal),
            retrieval: Retrieval(
                factorization: .init(
                    factors: 2, iterations: 1, alpha: 1, regularization: 1, regularizationExponent: 1, unobservedWeight: 0.1, seed: 1),
                quotas: [:]))
    }

    func register(_ model: PipelineModel, activate: Bool = true) async throws {
        let artefact = model.encode()
        try await self.registry.register(
            ModelRecord(
                version: model.version, schemaVersion: model.personSchemaVersion, checksum: PipelineModel.checksum(of: artefact),
                metrics: [:], lineage: [:], createdAt: Self.now),
            artefact: artefact)
        if activate { _ = try await self.registry.activate(model.version) }
    }

    func store(pinned: String? = nil) -> ModelStore { ModelStore(repository: self.registry, pinned: pinned, logger: self.logger) }

    func server(
        _ models: ModelStore, _ features: FakeFeatures = FakeFeatures(Fixture.people),
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) -> RankingServer {
        RankingServer(models: models, features: features, metrics: MetricsRegistry(), now: { Self.now }, clock: clock)
    }
}

let context = CallContext(deadline: .after(.seconds(5)))

@Suite("Stage 2")
struct RankingTests {
    @Test("Orders by the fused score of both directions, best first, with probabilities")
    func order() async throws {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"))
        let models = fixture.store()
        try await models.refresh()
        let features = FakeFeatures(Fixture.people)
        let candidates: [UInt64] = [5, 19, 3, 12, 8]
        let response = try await fixture.server(models, features).rank(
            RankRequest(userID: 1, candidateIDs: candidates), context: context)
        #expect(response.userIDs == [19, 12, 8, 5, 3])
        #expect(response.scores == response.scores.sorted(by: >))
        #expect(response.matchScores.count == 5 && response.matchScores.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(response.modelVersion == "a" && response.unknown == 0)
        #expect(response.featureNames.isEmpty && response.contributions.isEmpty)
        let request = try #require(features.requests.withLock { $0.first })
        #expect(features.requests.withLock { $0.count } == 1 && request.userIDs == [1] + candidates)
        #expect(request.embeddingVersion == "e-a" && Int(request.schemaVersion) == PersonSchema.version)
        let deadline = try #require(features.deadlines.withLock { $0.first })
        #expect(deadline < context.deadline, "Scoring and the way back need time, too.")
    }

    @Test("The score agrees with the model's own scorer")
    func agreement() async throws {
        let fixture = Fixture()
        let model = try fixture.model("a")
        try await fixture.register(model)
        let models = fixture.store()
        try await models.refresh()
        let response = try await fixture.server(models).rank(RankRequest(userID: 4, candidateIDs: [9]), context: context)
        let batch = PersonBatch([4, 9].compactMap { Fixture.people[$0] }, dimension: 2)
        let expected = try Scorer(model: model).score(viewer: 0, candidates: [1], in: batch, moment: RequestMoment(Fixture.now))
        #expect(response.scores == expected.map(\.score) && response.matchScores == expected.map(\.matchScore))
    }

    @Test("Contributions and intercept add up to the score's log-odds, the other direction as one term")
    func explanations() async throws {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"))
        let models = fixture.store()
        try await models.refresh()
        let response = try await fixture.server(models).rank(
            RankRequest(userID: 2, candidateIDs: Array(3...20), limit: 7, explain: true), context: context)
        #expect(response.userIDs.count == 7)
        #expect(response.featureNames == PairSchema.schema.names + [Scorer.reciprocalTerm])
        let width = response.featureNames.count
        #expect(response.contributions.count == 7 * width)
        for (index, score) in response.scores.enumerated() {
            let terms = response.contributions[(index * width)..<((index + 1) * width)]
            #expect(abs(response.intercept + terms.reduce(0, +) - Logistic.logit(score)) < 1e-9)
            #expect(terms.last != 0)
        }
    }

    @Test("Unknown candidates are dropped and counted; each is ranked once, the viewer never")
    func unknown() async throws {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"))
        let models = fixture.store()
        try await models.refresh()
        let response = try await fixture.server(models).rank(
            RankRequest(userID: 1, candidateIDs: [500, 3, 3, 1, 600, 4]), context: context)
        #expect(response.userIDs == [4, 3] && response.unknown == 2)
        #expect(try await fixture.server(models).rank(RankRequest(userID: 1), context: context).userIDs == [])
        await #expect { try await fixture.server(models).rank(RankRequest(userID: 77, candidateIDs: [3]), context: context) } throws: {
            ($0 as? MeshError)?.code == .notFound
        }
    }

    @Test("Without a model the call can't be answered; the feature store's failure is passed on")
    func failures() async throws {
        let fixture = Fixture()
        let models = fixture.store()
        #expect(!models.isReady)
        try await models.refresh()
        #expect(models.isReady && models.active == nil)
        let request = RankRequest(userID: 1, candidateIDs: [2])
        func code(_ request: RankRequest, _ features: FakeFeatures = FakeFeatures(Fixture.people)) async -> MeshError.Code? {
            do {
                _ = try await fixture.server(models, features).rank(request, context: context)
                return nil
            } catch {
                return (error as? MeshError)?.code
            }
        }
        #expect(await code(request) == .failedPrecondition)
        #expect(await code(RankRequest(userID: 1, candidateIDs: [2], modelVersion: "zzz")) == .notFound)
        try await fixture.register(fixture.model("a"))
        try await models.refresh()
        #expect(await code(request) == nil)
        #expect(await code(request, FakeFeatures([:], failure: MeshError(.unavailable))) == .unavailable)
        #expect(await code(RankRequest(userID: 0, candidateIDs: [2])) == .invalidArgument)
        #expect(await code(RankRequest(userID: 1, candidateIDs: Array(2...4002))) == .invalidArgument)
    }

    @Test("Equal scores keep the order of identifiers")
    func ties() async throws {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"))
        let models = fixture.store()
        try await models.refresh()
        let twin = try #require(Fixture.people[5])
        let features = FakeFeatures([1: Fixture.people[1] ?? twin, 30: twin, 10: twin, 20: twin])
        let response = try await fixture.server(models, features).rank(
            RankRequest(userID: 1, candidateIDs: [30, 10, 20]), context: context)
        #expect(response.userIDs == [10, 20, 30])
    }
}

@Suite("Models in service")
struct ModelStoreTests {
    @Test("The active model is swapped, another is served by name, and the list tells which there are")
    func versions() async throws {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"))
        try await fixture.register(fixture.model("b", collaborative: -0.5), activate: false)
        let models = fixture.store()
        try await models.refresh()
        let server = fixture.server(models)
        let request = RankRequest(userID: 1, candidateIDs: [3, 9])
        #expect(try await server.rank(request, context: context).userIDs == [9, 3])
        var named = request
        named.modelVersion = "b"
        #expect(try await server.rank(named, context: context).userIDs == [3, 9])
        _ = try await fixture.registry.activate("b")
        #expect(try await server.rank(request, context: context).modelVersion == "a", "Swapped when told, not before.")
        try await models.refresh()
        #expect(try await server.rank(request, context: context).modelVersion == "b")
        let listed = try await server.listModels(ListModelsRequest(), context: context).models
        #expect(Set(listed.map(\.version)) == ["a", "b"] && listed.filter(\.active).map(\.version) == ["b"])
    }

    @Test("A model that can't be computed here leaves the former in place")
    func incompatible() async throws {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"))
        let models = fixture.store()
        try await models.refresh()
        var later = try fixture.model("later")
        later.pairSchemaVersion += 1
        try await fixture.register(later)
        await #expect(throws: ModelError.self) { try await models.refresh() }
        #expect(models.active?.record.version == "a")
        let named = RankRequest(userID: 1, candidateIDs: [3], modelVersion: "later")
        await #expect { try await fixture.server(models).rank(named, context: context) } throws: {
            ($0 as? MeshError)?.code == .failedPrecondition
        }
    }

    @Test("A pinned version is served instead of the active one")
    func pinned() async throws {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"), activate: false)
        let models = fixture.store(pinned: "a")
        try await fixture.register(fixture.model("b"))
        try await models.refresh()
        #expect(models.active?.record.version == "a")
        let missing = fixture.store(pinned: "c")
        try await missing.refresh()
        #expect(missing.isReady && missing.active?.record.version == "b", "A version that nobody registered does not stop serving.")
    }

    @Test("An unreachable registry leaves what is loaded")
    func registryAway() async throws {
        let fixture = Fixture()
        try await fixture.register(fixture.model("a"))
        let models = fixture.store()
        try await models.refresh()
        fixture.registry.fail(with: RepositoryError(.unavailable))
        await #expect(throws: RepositoryError.self) { try await models.refresh() }
        #expect(try await fixture.server(models).rank(RankRequest(userID: 1, candidateIDs: [3]), context: context).userIDs == [3])
        let named = RankRequest(userID: 1, candidateIDs: [3], modelVersion: "x")
        await #expect { try await fixture.server(models).rank(named, context: context) } throws: {
            ($0 as? MeshError)?.code == .unavailable
        }
    }
}
