public import Domain
internal import HTTPTypes
internal import HummingbirdCore
public import Hummingbird
public import Logging
public import Telemetry

/// What the gateway is built upon. Stores and services come as protocols, so that each may be replaced.
public struct GatewayDependencies: Sendable {
    public var users: any UserRepository
    public var interactions: any InteractionRepository
    public var gate: any GateRepository
    public var models: any ModelRepository
    public var cache: any RecommendationCache
    public var servingLog: any ServingLogRepository
    public var idempotency: any IdempotencyMemory
    public var candidates: any CandidateGenerating
    public var ranking: any CandidateRanking
    public var keys: any KeySource
    public var probe: DependencyMonitor.Probe

    public init(
        users: any UserRepository, interactions: any InteractionRepository, gate: any GateRepository, models: any ModelRepository,
        cache: any RecommendationCache, servingLog: any ServingLogRepository, idempotency: any IdempotencyMemory,
        candidates: any CandidateGenerating, ranking: any CandidateRanking, keys: any KeySource,
        probe: @escaping DependencyMonitor.Probe
    ) {
        self.users = users
        self.interactions = interactions
        self.gate = gate
        self.models = models
        self.cache = cache
        self.servingLog = servingLog
        self.idempotency = idempotency
        self.candidates = candidates
        self.ranking = ranking
        self.keys = keys
        self.probe = probe
    }
}

public struct GatewayConfiguration: Sendable {
    /// Shown as the specification's `version`.
    public var applicationName = "Two-Stage Recommender System"
    /// What a request may take in all.
    public var requestBudget: Duration = .milliseconds(300)
    /// Candidates that stage 1 proposes at least.
    public var candidateCount = 300
    /// The model that stage 2 serves whatever the registry says; `nil`: the registry's active one.
    public var pinnedModelVersion: String?
    /// Bytes of a body at most.
    public var bodyLimit = 1 << 20

    public init() {}
}

/// The public HTTP API: routes, what surrounds them, and the work in the background.
public struct GatewayApplication: Sendable {
    public let table: RouteTable
    let now: @Sendable () -> Timestamp
    private let responder: RouterResponder<GatewayRequestContext>
    private let monitor: DependencyMonitor
    private let catalogue: ModelCatalogue
    private let servingLog: ServingLogWriter
    private let logger: Logger
    private let date = HTTPDate()

    /// - Parameters:
    ///   - isDraining: Whether the process is about to end; readiness then says so.
    ///   - now: The clock, for tests.
    public init(
        _ dependencies: GatewayDependencies, configuration: GatewayConfiguration = .init(), registry: MetricsRegistry, logger: Logger,
        isDraining: @escaping @Sendable () -> Bool = { false }, now: @escaping @Sendable () -> Timestamp
    ) {
        let metrics = GatewayMetrics(registry: registry)
        let coherence = CacheCoherence(cache: dependencies.cache, logger: logger)
        let catalogue = ModelCatalogue(repository: dependencies.models, pinned: configuration.pinnedModelVersion)
        let servingLog = ServingLogWriter(repository: dependencies.servingLog, registry: registry, logger: logger)
        let monitor = DependencyMonitor(probe: dependencies.probe)
        let pipeline = RecommendationPipeline(
            candidates: dependencies.candidates, ranking: dependencies.ranking, gate: dependencies.gate, users: dependencies.users,
            coherence: coherence, catalogue: catalogue, metrics: metrics, candidateCount: configuration.candidateCount, logger: logger)
        let service = RecommendationService(
            pipeline: pipeline, cache: dependencies.cache, coherence: coherence, catalogue: catalogue, servingLog: servingLog,
            metrics: metrics)

        let users = UserRoutes(
            users: dependencies.users, interactions: dependencies.interactions, gate: dependencies.gate, coherence: coherence)
        let interactions = InteractionRoutes(
            interactions: dependencies.interactions, users: dependencies.users, coherence: coherence,
            idempotency: IdempotencyGuard(memory: dependencies.idempotency, logger: logger), metrics: metrics)
        let recommendations = RecommendationRoutes(
            service: service, pipeline: pipeline, catalogue: catalogue, coherence: coherence, users: dependencies.users, metrics: metrics)
        let health = HealthRoutes(
            monitor: monitor, catalogue: catalogue, metrics: metrics, applicationName: configuration.applicationName,
            isDraining: isDraining, startedAt: now())
        let table = RouteTable(users.routes + interactions.routes + recommendations.routes + health.routes)

        let router = Router(context: GatewayRequestContext.self)
        router.add(
            middleware: RequestMiddleware(
                table: table, metrics: metrics, budget: configuration.requestBudget, now: now, logger: logger))
        let dispatcher = RouteDispatcher(
            verifier: TokenVerifier(keys: dependencies.keys, now: now), bodyLimit: configuration.bodyLimit)
        for route in table.routes {
            for method in route.method == .get ? [.get, .head] : [route.method] {
                router.on(RouterPath(route.path), method: method) { request, context in
                    try await dispatcher.respond(route, request, context)
                }
            }
        }
        self.table = table
        self.now = now
        self.logger = logger
        self.responder = router.buildResponder()
        self.monitor = monitor
        self.catalogue = catalogue
        self.servingLog = servingLog
    }

    /// Answers one request; whatever goes wrong becomes an answer too.
    public func respond(to request: Request) async -> Response {
        let context = GatewayRequestContext(source: .init(logger: self.logger))
        var response: Response
        do {
            response = try await self.responder.respond(to: request, context: context)
        } catch {
            // The outermost middleware throws nothing; this is the router's own promise to the compiler.
            response = APIError(.internalServerError, "Something went wrong here.")
                .response(requestID: RandomUUID.make(), at: self.now())
        }
        response.headers[.date] = self.date.text(at: self.now())
        return response
    }

    /// Watches dependencies and models and stores the serving log, until cancelled.
    public func runBackground() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.monitor.run() }
            group.addTask { await self.catalogue.run() }
            group.addTask { await self.servingLog.run() }
        }
        await self.servingLog.flush()
    }

    /// Looks at dependencies and models once, so that the first request finds them known.
    public func prepare() async {
        await self.monitor.look()
        await self.catalogue.refresh()
    }

    /// Stores what the serving log still holds.
    public func flush() async { await self.servingLog.flush() }
}
