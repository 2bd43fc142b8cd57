import CandidateSvcCore
import Domain
import FeatureSvcCore
import GatewayCore
import HTTPTypes
import Hummingbird
import Mesh
import MeshAPI
import RankingSvcCore
import Synchronization
import Telemetry
import TestKit

/// All four services in one process, wired as their mains wire them: over one store in memory, each behind a mesh server of its own.
///
/// Nothing follows the log or the registry by itself, outside ``whileFollowing(_:)``: a test says when a copy catches up.
final class Pipeline: Sendable {
    enum Stage: String, CaseIterable, Sendable { case candidate, ranking, feature }

    let community: TrainedCommunity
    let store: InMemoryStore
    let cache = InMemoryRecommendationCache()
    private let tail: LogTail
    private let index: CandidateIndex
    let application: GatewayApplication
    private let loader: FactorLoader
    private let updater: StoreUpdater
    private let models: ModelStore
    private let clients: [Stage: MeshClient]
    private let methods: [Stage: [MeshMethod]]
    private let servers = Mutex<[Stage: MeshServer]>([:])
    /// Sets the addresses of this pipeline apart from those of others.
    private let name = String(UInt64.random(in: .min ... .max), radix: 36)

    /// Lends a pipeline that serves, and takes it down afterwards.
    ///
    /// - Parameters:
    ///   - budget: Of a request. By default no stage is ever too slow, however busy the machine.
    ///   - candidates: Takes the place of stage 1.
    ///   - ranking: Takes the place of stage 2.
    static func with(
        budget: Duration = .seconds(60), candidates: CandidateStub? = nil, ranking: RankingStub? = nil,
        _ body: (Pipeline) async throws -> Void
    ) async throws {
        let pipeline = try await Pipeline(budget: budget, candidates: candidates, ranking: ranking)
        do {
            for stage in Stage.allCases { try await pipeline.start(stage) }
            try await body(pipeline)
        } catch {
            await pipeline.shutdown()
            throw error
        }
        await pipeline.shutdown()
    }

    private init(budget: Duration, candidates: CandidateStub?, ranking: RankingStub?) async throws {
        let community = try await TrainedCommunity.shared
        let store = try await community.makeStore()
        let now: @Sendable () -> Timestamp = { community.now }
        let name = self.name
        let discovery = Discovery(static: Stage.allCases.map { Endpoint(service: $0.rawValue, address: Self.address($0, name)) })
        let clients = Dictionary(
            uniqueKeysWithValues: Stage.allCases.map { ($0, MeshClient(service: $0.rawValue, discovery: discovery, logger: quietLogger)) })
        func client(_ stage: Stage) -> MeshClient {
            guard let client = clients[stage] else { preconditionFailure("There is a client of each stage.") }
            return client
        }

        let index = CandidateIndex()
        self.tail = LogTail(log: store, index: index, logger: quietLogger)
        self.loader = FactorLoader(models: store, embeddings: store, index: index, logger: quietLogger)
        try await self.tail.catchUp()
        try await self.loader.refresh()

        let features = FeatureStore(
            users: store, features: store, embeddings: store, cache: nil, capacity: 1000, metrics: FeatureMetrics(MetricsRegistry()),
            logger: quietLogger)
        self.updater = StoreUpdater(
            store: features, log: store, models: store, changes: { AsyncStream { $0.finish() } }, logger: quietLogger)
        try await self.updater.catchUp()
        try await self.updater.loadActiveFactors()

        let models = ModelStore(repository: store, logger: quietLogger)
        try await models.refresh()

        let candidateServer = CandidateServer(index: index, metrics: MetricsRegistry(), now: now)
        let rankingServer = RankingServer(
            models: models, features: RemoteFeatures(FeatureServiceClient(client(.feature))), metrics: MetricsRegistry(), now: now)
        self.methods = [
            .candidate: candidates.map { CandidateService.methods($0) } ?? CandidateService.methods(candidateServer),
            .ranking: ranking.map { RankingService.methods($0) } ?? RankingService.methods(rankingServer),
            .feature: FeatureService.methods(FeatureServer(store: features)),
        ]
        var configuration = GatewayConfiguration()
        configuration.requestBudget = budget
        self.application = GatewayApplication(
            GatewayDependencies(
                users: store, interactions: store, gate: store, models: store, cache: self.cache, servingLog: store,
                pairs: store, events: store, privacy: store, audit: store, copies: NoCopies(),
                replicas: MeshReplicas(
                    discovery: discovery, clients: Stage.allCases.map { ($0.rawValue, client($0)) }, logger: quietLogger),
                idempotency: NoMemory(), candidates: MeshCandidates(CandidateServiceClient(client(.candidate))),
                ranking: MeshRanking(RankingServiceClient(client(.ranking)), features: FeatureServiceClient(client(.feature))), keys: OneService(),
                revocations: NoRevocations(),
                rateLimits: NoLimits(), probe: { [] }),
            configuration: configuration, registry: MetricsRegistry(), logger: quietLogger, now: now)
        await self.application.prepare()
        self.community = community
        self.store = store
        self.index = index
        self.models = models
        self.clients = clients
    }

    // MARK: Stages

    private static func address(_ stage: Stage, _ name: String) -> String { "inproc://\(stage.rawValue)-\(name)" }

    /// Starts a stage's server and waits until it can be called.
    func start(_ stage: Stage) async throws {
        let server = MeshServer(
            service: stage.rawValue, version: "1", address: Self.address(stage, self.name), methods: self.methods[stage] ?? [],
            logger: quietLogger)
        try await server.start()
        self.servers.withLock { $0[stage] = server }
        try await self.clients[stage]?.waitUntil(deadline: .after(.seconds(20))) { $0.contains(where: \.isReady) }
    }

    /// Drains a stage's server; returns when its client knows.
    func stop(_ stage: Stage) async throws {
        await self.servers.withLock { $0.removeValue(forKey: stage) }?.drain()
        try await self.clients[stage]?.waitUntil(deadline: .after(.seconds(20))) { !$0.contains(where: \.isReady) }
    }

    private func shutdown() async {
        // Clients first: a server whose clients have left drains at once.
        for client in self.clients.values { await client.shutdown() }
        for server in self.servers.withLock({ Array($0.values) }) { await server.drain() }
    }

    /// Brings stage 1 level with the log.
    func catchUp() async throws { try await self.tail.catchUp() }

    /// The model whose factors stage 1 searches.
    var retrievalVersion: String? { self.index.status.modelVersion }

    /// Lets every stage follow the log and the registry by itself while `body` runs.
    func whileFollowing(_ body: () async throws -> Void) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.tail.run() }
            group.addTask { await self.loader.run() }
            group.addTask { await self.updater.run() }
            group.addTask { await self.models.run() }
            group.addTask { await self.application.runBackground() }
            try await body()
            group.cancelAll()
        }
    }

    /// What stage 1 proposes to a viewer with the gateway's own question, asked past the gateway.
    func proposed(to viewer: UserID) async throws -> [UserID] {
        guard let client = self.clients[.candidate] else { return [] }
        let request = GenerateRequest(userID: UInt64(viewer.rawValue), limit: 300, excludeSeen: true)
        return try await CandidateServiceClient(client).generate(request, deadline: .after(.seconds(20))).userIDs.map { UserID(Int64($0)) }
    }

    /// How stage 2 orders people for a viewer, asked past the gateway.
    func ranked(_ people: [UserID], for viewer: UserID) async throws -> [UserID] {
        guard let client = self.clients[.ranking] else { return [] }
        var request = RankRequest()
        request.userID = UInt64(viewer.rawValue)
        request.candidateIDs = people.map { UInt64($0.rawValue) }
        return try await RankingServiceClient(client).rank(request, deadline: .after(.seconds(20))).userIDs.map { UserID(Int64($0)) }
    }

    // MARK: Requests

    /// Somebody to ask for.
    var viewer: UserID { self.community.viewers[0] }
    /// Version that is active at first.
    var version: String { self.community.models[0].record.version }

    func send(_ method: HTTPRequest.Method, _ path: String, body: String? = nil) async -> Answer {
        var fields: HTTPFields = [.authorization: "Bearer service"]
        if body != nil { fields[.contentType] = "application/json" }
        let head = HTTPRequest(method: method, scheme: "http", authority: "test", path: path, headerFields: fields)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body ?? "")))
        return await Answer(self.application.respond(to: request))
    }

    /// - Parameter query: Without the question mark.
    func recommendations(for viewer: UserID, _ query: String = "", explained: Bool = false) async -> Answer {
        let path = "/api/v1/recommendations/users/\(viewer)/recommendations" + (explained ? "/explain" : "")
        return await self.send(.get, query.isEmpty ? path : "\(path)?\(query)")
    }

    func record(_ kind: InteractionKind, by user: UserID, of target: UserID) async -> Answer {
        await self.send(
            .post, "/api/v1/interactions/",
            body: #"{"user_id": \#(user), "target_user_id": \#(target), "interaction_type": "\#(kind.rawValue)"}"#)
    }
}
