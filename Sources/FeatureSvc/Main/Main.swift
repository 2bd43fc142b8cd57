import Domain
import FeatureSvcCore
import MeshAPI
import Postgres
import Redis
import ServiceRuntime
import Storage

/// The process of the feature store.
@main struct Main {
    static func main() async {
        await ServiceBootstrap.run(name: "feature", requiring: [.databaseURL, .meshDirectory]) { runtime in
            let storage = try Self.storage(runtime)
            let metrics = FeatureMetrics(runtime.metrics)
            let store = FeatureStore(
                users: storage.users, features: storage.features, embeddings: storage.embeddings, cache: storage.featureCache,
                capacity: runtime.settings.featureCacheCapacity, metrics: metrics, logger: runtime.logger)
            let cache = storage.featureCache
            let updater = StoreUpdater(
                store: store, log: storage.log, models: storage.models,
                changes: { cache?.changes() ?? AsyncStream { $0.finish() } }, logger: runtime.logger)
            let consumer = InteractionConsumer(
                log: storage.log, users: storage.users, features: storage.features, cache: cache,
                packedVersions: { store.packedVersions }, metrics: metrics, logger: runtime.logger, now: { .now })
            let filled = runtime.readiness.condition("features")
            runtime.run(updater, name: "features")
            runtime.run(consumer, name: "interactions")
            while !updater.isReady {
                filled.set(false, detail: "features are being read")
                try await Task.sleep(for: .milliseconds(20))
            }
            filled.set(true)
            try await runtime.serveMesh(FeatureService.methods(FeatureServer(store: store)))
        }
    }

    private static func storage(_ runtime: ProcessRuntime) throws -> Storage {
        var configuration = try PostgresConfiguration(url: runtime.settings.required(.databaseURL))
        // One more: the replica that counts interactions keeps a connection for its lease.
        configuration.poolSize = runtime.settings.databasePoolSize + 1
        configuration.maxOverflow = runtime.settings.databaseMaxOverflow
        configuration.applicationName = "duet-feature"
        let postgres = PostgresPool(configuration: configuration, logger: runtime.logger)
        runtime.onShutdown("postgres") { await postgres.shutdown() }
        runtime.checks.add("database") { _ = try await postgres.query("SELECT 1") }
        let redis = try runtime.settings.redisURL.map {
            RedisClient(configuration: try RedisConfiguration(url: $0), logger: runtime.logger)
        }
        if let redis { runtime.onShutdown("redis") { await redis.shutdown() } }
        return Storage(postgres: postgres, redis: redis, logger: runtime.logger)
    }
}
