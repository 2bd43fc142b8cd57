import Domain
import GatewayCore
import Glibc
import Logging
import Mesh
import MeshAPI
import Postgres
import Redis
import ServiceRuntime
import Storage

/// The gateway's process: its stores, the services behind it, and the HTTP server in front.
@main struct Main {
    static func main() async {
        await ServiceBootstrap.run(name: "gateway", requiring: [.databaseURL, .redisURL, .meshDirectory]) { runtime in
            try await Self.start(runtime)
        }
    }

    private static func start(_ runtime: ProcessRuntime) async throws {
        let settings = runtime.settings
        let socket = try ListeningSocket.resolved(
            environment: { name in EnvironmentVariables.current[name] }, processID: getpid(), host: settings.host, port: settings.port)
        let keys = try await TokenKeys.source(settings, logger: runtime.logger)

        var database = try PostgresConfiguration(url: settings.required(.databaseURL))
        database.poolSize = settings.databasePoolSize
        database.maxOverflow = settings.databaseMaxOverflow
        database.applicationName = "duet-gateway"
        database.connectTimeout = .seconds(1)
        database.acquireTimeout = .seconds(1)
        // Beyond that, a request is told to come again sooner than it would be served.
        database.waiterLimit = 256
        database.breaksCircuit = true
        database.budget = { RequestBudget.remaining }
        let postgres = PostgresPool(configuration: database, logger: runtime.logger)
        runtime.onShutdown("postgres") { await postgres.shutdown() }
        DependencyMetrics.register(postgres, runtime.metrics)
        var cacheServer = try RedisConfiguration(url: settings.required(.redisURL))
        // A store that hangs must leave a request time to be answered without it.
        cacheServer.commandTimeout = min(cacheServer.commandTimeout, settings.requestBudget / 2)
        let redis = RedisClient(configuration: cacheServer, logger: runtime.logger)
        DependencyMetrics.register(redis, runtime.metrics)
        runtime.onShutdown("redis") { await redis.shutdown() }
        let storage = Storage(postgres: postgres, redis: redis, logger: runtime.logger)

        guard let cache = storage.recommendationCache, let copies = storage.copies else {
            preconditionFailure("With Redis there is a cache.")
        }

        let mesh = try MeshClients(runtime)
        // Nobody calls a gateway: this tells `duet mesh` how it sees the services.
        try await runtime.serveMesh([], configuration: MeshServerConfiguration(maximumConcurrency: 4, heavyThreads: 1))
        let timeout = Duration.milliseconds(750)
        runtime.checks.add(DependencyMonitor.Name.database, timeout: timeout) { _ = try await postgres.query("SELECT 1") }
        runtime.checks.add(DependencyMonitor.Name.redis, timeout: timeout) { _ = try await redis.send(RedisCommand("PING")) }
        mesh.addChecks(to: runtime.checks, timeout: timeout)
        let isDraining: @Sendable () -> Bool = { runtime.readiness.isDraining }
        var configuration = GatewayConfiguration()
        configuration.applicationName = settings.applicationName
        configuration.requestBudget = settings.requestBudget
        configuration.candidateCount = settings.candidateTopK
        configuration.audience = settings.jwtAudience
        configuration.rateLimits.user = RateLimitPolicy(rate: Double(settings.rateLimitUserRate), burst: settings.rateLimitUserBurst)
        configuration.rateLimits.address = RateLimitPolicy(rate: Double(settings.rateLimitAddressRate), burst: settings.rateLimitAddressBurst)
        configuration.rateLimits.likes = RateLimitPolicy(rate: Double(settings.likesPerDay) / 86_400, burst: settings.likesPerDay)
        configuration.passReturnDays = settings.passReturnDays
        configuration.profileCacheCapacity = settings.profileCacheCapacity
        configuration.eventStreams.streams = settings.eventStreams
        configuration.trustedProxies = Set(settings.trustedProxies)
        configuration.pinnedModelVersion = settings.rankingModelVersion
        var dependencies = GatewayDependencies(
            users: storage.users, interactions: storage.interactions, gate: storage.gate, models: storage.models,
            cache: cache, servingLog: storage.servingLog, pairs: storage.pairs, events: storage.events, privacy: storage.privacy,
            audit: storage.audit, copies: copies, replicas: mesh.replicas, idempotency: RedisIdempotencyMemory(redis: redis),
            candidates: mesh.candidates,
            ranking: mesh.ranking, keys: keys,
            revocations: RedisRevocationStore(redis: redis), rateLimits: RedisRateLimitStore(redis: redis),
            probe: { await runtime.checks.run().map { DependencyMonitor.State(name: $0.name, failure: $0.failure) } })
        dependencies.observer = mesh.observer
        dependencies.control = settings.supervisorSocket.map { SupervisorControl(path: $0) }
        dependencies.figures = storage.figures
        dependencies.traces = runtime.traces
        let application = GatewayApplication(
            dependencies,
            configuration: configuration, registry: runtime.metrics, logger: runtime.logger, isDraining: isDraining,
            now: { Timestamp.now })
        await application.prepare()
        runtime.background("gateway background") { await application.runBackground() }

        let listening = runtime.readiness.condition("listening")
        var serving = GatewayServer.Configuration()
        serving.maximumConnections = settings.maximumConnections
        let server = GatewayServer(application: application, socket: socket, configuration: serving, logger: runtime.logger) { address in
            runtime.logger.info("Listening", metadata: ["address": "\(address.map { "\($0)" } ?? "inherited socket")"])
            listening.set(true)
        }
        runtime.run(server, name: "http")
    }
}
