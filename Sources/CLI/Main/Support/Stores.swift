import Domain
import Logging
import Postgres
import Redis
import ServiceRuntime
import Storage
import Supervision

/// The stores of an installation, opened for one command.
struct Stores: Sendable {
    let storage: Storage
    let postgres: PostgresPool
    private let redis: RedisClient?

    /// - Parameter redis: `nil` where none runs: then nobody has to be told of a change.
    init(database: String, redis: String?, logger: Logger) throws {
        var configuration = try PostgresConfiguration(url: database)
        configuration.applicationName = "duet"
        configuration.statementTimeout = .seconds(3600)
        configuration.acquireTimeout = .seconds(60)
        self.postgres = PostgresPool(configuration: configuration, logger: logger)
        self.redis = try redis.map { RedisClient(configuration: try RedisConfiguration(url: $0), logger: logger) }
        self.storage = Storage(postgres: self.postgres, redis: self.redis, logger: logger)
    }

    /// The person with the lowest id; `nil` in an empty store.
    func firstPerson() async throws -> Int64? {
        var query = UserQuery()
        query.limit = 1
        return try await self.storage.users.list(query).first?.id.rawValue
    }

    func close() async {
        await self.redis?.shutdown()
        await self.postgres.shutdown()
    }

    /// Opens the stores, whichever there are: those of the environment, those that `duet up` runs in the folder, or else the folder's own
    /// PostgreSQL, started for as long as `body` takes.
    static func use<Result: Sendable>(
        in folder: DataFolder, logger: Logger, _ body: (Stores) async throws -> Result
    ) async throws -> Result {
        let settings = try Settings(environment: EnvironmentVariables.current)
        if let database = settings.databaseURL {
            return try await self.use(database, settings.redisURL, logger, body)
        }
        if FolderLock.isHeld(folder.lock) {
            guard let places = StateFile.read(folder.state)?.places, let database = places["database"] else {
                throw Failure("What runs in \(folder.root) has no stores yet: wait until it is up.")
            }
            return try await self.use(database, places["redis"], logger, body)
        }
        return try await self.useOwn(folder, logger, body)
    }

    private static func use<Result: Sendable>(
        _ database: String, _ redis: String?, _ logger: Logger, _ body: (Stores) async throws -> Result
    ) async throws -> Result {
        let stores = try Stores(database: database, redis: redis, logger: logger)
        do {
            try await stores.storage.migrate()
            let result = try await body(stores)
            await stores.close()
            return result
        } catch {
            await stores.close()
            throw error
        }
    }

    private static func useOwn<Result: Sendable>(
        _ folder: DataFolder, _ logger: Logger, _ body: (Stores) async throws -> Result
    ) async throws -> Result {
        try folder.create()
        let lock = try FolderLock(folder.lock)
        if let state = StateFile.read(folder.state) { await Leftovers.stop(state.processes) }
        let postgres = try EmbeddedPostgres(folder: folder)
        try await postgres.initialize()
        let spawner = Spawner()
        let supervisor = Supervisor(spawner: spawner, logger: logger)
        do {
            try await supervisor.start(postgres.service)
            let result = try await self.use(postgres.url, nil, logger, body)
            await supervisor.stopAll()
            spawner.close()
            withExtendedLifetime(lock) {}
            return result
        } catch {
            await supervisor.stopAll()
            spawner.close()
            throw error
        }
    }
}
