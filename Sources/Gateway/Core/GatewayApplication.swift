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
    public var pairs: any PairRepository
    public var events: any EventRepository
    public var privacy: any PrivacyRepository
    public var audit: any AuditRepository
    public var copies: any CopyMaintenance
    public var replicas: any ReplicaDirectory
    public var idempotency: any IdempotencyMemory
    public var candidates: any CandidateGenerating
    public var ranking: any CandidateRanking
    public var keys: any KeySource
    public var revocations: any RevocationStore
    public var rateLimits: any RateLimitStore
    public var probe: DependencyMonitor.Probe
    /// What the operator's page sees and does; `nil`: it does without.
    public var observer: (any MeshObserving)?
    public var control: (any ProcessControl)?
    public var figures: (any FiguresRepository)?
    /// Records requests; `nil`: none.
    public var traces: TraceRecorder?

    public init(
        users: any UserRepository, interactions: any InteractionRepository, gate: any GateRepository, models: any ModelRepository,
        cache: any RecommendationCache, servingLog: any ServingLogRepository, pairs: any PairRepository, events: any EventRepository,
        privacy: any PrivacyRepository, audit: any AuditRepository, copies: any CopyMaintenance, replicas: any ReplicaDirectory,
        idempotency: any IdempotencyMemory,
        candidates: any CandidateGenerating, ranking: any CandidateRanking, keys: any KeySource, revocations: any RevocationStore,
        rateLimits: any RateLimitStore, probe: @escaping DependencyMonitor.Probe
    ) {
        self.users = users
        self.interactions = interactions
        self.gate = gate
        self.models = models
        self.cache = cache
        self.servingLog = servingLog
        self.pairs = pairs
        self.events = events
        self.privacy = privacy
        self.audit = audit
        self.copies = copies
        self.replicas = replicas
        self.idempotency = idempotency
        self.candidates = candidates
        self.ranking = ranking
        self.keys = keys
        self.revocations = revocations
        self.rateLimits = rateLimits
        self.probe = probe
    }
}

public struct GatewayConfiguration: Sendable {
    /// Shown as the specification's `version`.
    public var applicationName = "Two-Stage Recommender System"
    /// What a request for recommendations may take in all.
    public var requestBudget: Duration = .milliseconds(300)
    /// What other requests may, unless their route says otherwise.
    public var storeBudget: Duration = .seconds(5)
    /// Candidates that stage 1 proposes at least.
    public var candidateCount = 300
    /// Days after which a pass is forgotten, as stage 1 is set; 0: never.
    public var passReturnDays = 0
    /// The model that stage 2 serves whatever the registry says; `nil`: the registry's active one.
    public var pinnedModelVersion: String?
    /// Bytes of a body at most.
    public var bodyLimit = 1 << 20
    /// Audience that a token must name.
    public var audience = "duet"
    public var rateLimits = RateLimitPolicies()
    public var eventStreams = EventStreamLimits()
    /// Profiles that are kept in the process; 0: none.
    public var profileCacheCapacity = 20_000
    /// Addresses whose `X-Forwarded-For` is believed.
    public var trustedProxies: Set<String> = []

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
    private let keys: any KeySource
    private let revocations: RevocationList
    private let erasures: ErasureFinisher
    private let observatory: Observatory
    private let business: BusinessMetrics?
    private let hub: EventHub
    private let logger: Logger
    private let date = HTTPDate()

    /// - Parameters:
    ///   - isDraining: Whether the process is about to end; readiness then says so.
    ///   - now: The clock, for tests; `instant` likewise, for what is only ever compared.
    public init(
        _ dependencies: GatewayDependencies, configuration: GatewayConfiguration = .init(), registry: MetricsRegistry, logger: Logger,
        isDraining: @escaping @Sendable () -> Bool = { false }, now: @escaping @Sendable () -> Timestamp,
        instant: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        let metrics = GatewayMetrics(registry: registry)
        let coherence = CacheCoherence(cache: dependencies.cache, logger: logger)
        let ledger = ChangeLedger(cache: dependencies.cache, coherence: coherence, now: instant)
        let profiles = ProfileCache(ledger, capacity: configuration.profileCacheCapacity, registry: registry)
        let gatekeeper = Gatekeeper(
            gate: dependencies.gate, people: PersonCache(ledger, capacity: configuration.profileCacheCapacity, registry: registry))
        let catalogue = ModelCatalogue(repository: dependencies.models, pinned: configuration.pinnedModelVersion)
        let servingLog = ServingLogWriter(repository: dependencies.servingLog, registry: registry, logger: logger)
        let monitor = DependencyMonitor(probe: dependencies.probe)
        let pipeline = RecommendationPipeline(
            candidates: dependencies.candidates, ranking: dependencies.ranking, gatekeeper: gatekeeper, users: dependencies.users,
            coherence: coherence, catalogue: catalogue, metrics: metrics, candidateCount: configuration.candidateCount,
            passReturnDays: configuration.passReturnDays, logger: logger)
        let service = RecommendationService(
            pipeline: pipeline, cache: dependencies.cache, coherence: coherence, catalogue: catalogue, servingLog: servingLog,
            metrics: metrics)

        let limits = RateLimits(
            limiter: RateLimiter(store: dependencies.rateLimits, logger: logger, now: instant), policies: configuration.rateLimits)
        let audit = Audit(repository: dependencies.audit)
        let revocations = RevocationList(store: dependencies.revocations, logger: logger)
        let users = UserRoutes(
            users: dependencies.users, interactions: dependencies.interactions, gate: dependencies.gate, coherence: coherence,
            profiles: profiles, audit: audit)
        let interactions = InteractionRoutes(
            interactions: dependencies.interactions, users: dependencies.users, coherence: coherence, limits: limits,
            metrics: metrics)
        let recommendations = RecommendationRoutes(
            service: service, pipeline: pipeline, catalogue: catalogue, coherence: coherence, users: dependencies.users, metrics: metrics)
        let health = HealthRoutes(
            monitor: monitor, catalogue: catalogue, metrics: metrics, applicationName: configuration.applicationName,
            isDraining: isDraining, startedAt: now())
        let batches = BatchRoutes(
            users: dependencies.users, interactions: dependencies.interactions, coherence: coherence, limits: limits,
            recommendations: service, metrics: metrics)
        let verifier = TokenVerifier(keys: dependencies.keys, revocations: revocations, audience: configuration.audience, now: now)
        let hub = EventHub(
            events: dependencies.events, limits: configuration.eventStreams, registry: registry, logger: logger, now: instant)
        let events = EventRoutes(
            events: dependencies.events, users: dependencies.users, hub: hub, verifier: verifier, metrics: metrics, now: instant,
            logger: logger)
        let pairs = PairRoutes(pairs: dependencies.pairs, users: dependencies.users)
        let privacy = PrivacyRoutes(privacy: dependencies.privacy, audit: audit)
        let admin = AdminRoutes(
            models: dependencies.models, catalogue: catalogue, replicas: dependencies.replicas, copies: dependencies.copies,
            privacy: dependencies.privacy, revocations: dependencies.revocations, revoked: revocations, audit: dependencies.audit,
            trail: audit)
        let observatory = Observatory(
            mesh: dependencies.observer ?? NobodyObserved(), control: dependencies.control, monitor: monitor, catalogue: catalogue, now: now)
        let observation = ObservationRoutes(
            observatory: observatory, control: dependencies.control, figures: dependencies.figures,
            trail: audit, isDraining: isDraining)
        let preferences = PreferenceRoutes(users: dependencies.users, coherence: coherence)
        let moderation = ModerationRoutes(users: dependencies.users, coherence: coherence, audit: audit)
        let why = WhyRoutes(pipeline: pipeline, users: dependencies.users, audit: audit)
        let people: [Route] = users.routes + preferences.routes + privacy.routes
        let pairings: [Route] = interactions.routes + pairs.routes + events.routes + batches.routes
        let operation: [Route] = admin.routes + moderation.routes + why.routes + observation.routes + health.routes
        let described =
            recommendations.routes
            + (people + pairings + operation).map { route in
                var route = route
                route.budget = route.budget ?? configuration.storeBudget
                return route
            }
        let documentation = DocumentationRoutes(RouteTable(described), title: configuration.applicationName)
        let table = RouteTable(described + documentation.routes + DashboardRoutes().routes)

        let router = Router(context: GatewayRequestContext.self)
        router.add(
            middleware: RequestMiddleware(
                table: table, metrics: metrics, budget: configuration.requestBudget,
                clientAddress: ClientAddress(trustedProxies: configuration.trustedProxies), traces: dependencies.traces, now: now, logger: logger))
        let dispatcher = RouteDispatcher(
            verifier: verifier, limits: limits,
            idempotency: IdempotencyGuard(memory: dependencies.idempotency, logger: logger), bodyLimit: configuration.bodyLimit)
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
        self.keys = dependencies.keys
        self.revocations = revocations
        self.hub = hub
        self.erasures = ErasureFinisher(
            users: dependencies.users, privacy: dependencies.privacy, copies: dependencies.copies, replicas: dependencies.replicas, now: now,
            logger: logger)
        self.monitor = monitor
        self.catalogue = catalogue
        self.servingLog = servingLog
        self.observatory = observatory
        self.business = dependencies.figures.map { BusinessMetrics(figures: $0, registry: registry, logger: logger) }
    }

    /// Answers one request; whatever goes wrong becomes an answer too.
    ///
    /// - Parameter peer: The address of the connection's other end, if there is one.
    public func respond(to request: Request, from peer: String? = nil) async -> Response {
        let context = GatewayRequestContext(source: .init(logger: self.logger, peer: peer))
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
            group.addTask { await self.keys.run() }
            group.addTask { await self.revocations.run() }
            group.addTask { await self.erasures.run() }
            group.addTask { await self.observatory.run() }
            if let business = self.business { group.addTask { await business.run() } }
            group.addTask { await self.hub.run() }
        }
        await self.servingLog.flush()
    }

    /// Ends what would go on by itself, the streams of events: their clients come back to another gateway.
    public func beginDraining() { self.hub.close() }

    /// Looks at dependencies and models once, so that the first request finds them known.
    public func prepare() async {
        await self.monitor.look()
        await self.catalogue.refresh()
        await self.revocations.refresh()
    }

    /// Looks once at the erasures that are not complete.
    public func finishErasures() async throws(RepositoryError) { try await self.erasures.look() }

    /// Stores what the serving log still holds.
    public func flush() async { await self.servingLog.flush() }
}
