import Logging
import Postgres
import Redis
import Storage
import TestKit

/// A migrated database of its own, and the repositories over it.
struct TemporaryStorage {
    let storage: Storage
    let postgres: PostgresPool

    var repositories: Repositories {
        Repositories(
            users: self.storage.users, interactions: self.storage.interactions, gate: self.storage.gate, log: self.storage.log,
            features: self.storage.features, models: self.storage.models, embeddings: self.storage.embeddings,
            servingLog: self.storage.servingLog, pairs: self.storage.pairs, events: self.storage.events,
            privacy: self.storage.privacy, audit: self.storage.audit)
    }

    /// - Parameter redis: The URL of a server; without one there are no bells and no caches.
    static func with<R: Sendable>(redis: String? = nil, _ body: (TemporaryStorage) async throws -> R) async throws -> R {
        let logger = Logger(label: "StorageTests")
        return try await TemporaryPostgres.withDatabase { url in
            let pool = PostgresPool(configuration: try PostgresConfiguration(url: url), logger: logger)
            let client = try redis.map { RedisClient(configuration: try RedisConfiguration(url: $0), logger: logger) }
            let storage = Storage(postgres: pool, redis: client, logger: logger)
            do {
                try await storage.migrate()
                let result = try await body(TemporaryStorage(storage: storage, postgres: pool))
                await pool.shutdown()
                await client?.shutdown()
                return result
            } catch {
                await pool.shutdown()
                await client?.shutdown()
                throw error
            }
        }
    }
}
