import Domain
import MeshAPI
import Postgres
import RankingSvcCore
import Redis
import ServiceRuntime
import Storage

/// The process of stage 2.
@main struct Main {
    static func main() async {
        await ServiceBootstrap.run(name: "ranking", requiring: [.databaseURL, .meshDirectory]) { runtime in
            let storage = try Self.storage(runtime)
            let models = ModelStore(
                repository: storage.models, pinned: runtime.settings.rankingModelVersion, logger: runtime.logger)
            let features = runtime.meshClient(of: "feature", discovery: try runtime.discovery())
            let loaded = runtime.readiness.condition("model")
            runtime.run(models, name: "models")
            while !models.isReady {
                loaded.set(false, detail: "the model is being read")
                try await Task.sleep(for: .milliseconds(20))
            }
            loaded.set(true)
            let settings = runtime.settings
            let exposure = ExposureSettings(
                dailyCap: settings.exposureDailyCap > 0 ? UInt32(clamping: settings.exposureDailyCap) : nil,
                newcomerShare: settings.newcomerFloor)
            let server = RankingServer(
                models: models, features: RemoteFeatures(FeatureServiceClient(features)), exposure: exposure, metrics: runtime.metrics,
                now: { .now })
            try await runtime.serveMesh(RankingService.methods(server))
        }
    }

    private static func storage(_ runtime: ProcessRuntime) throws -> Storage {
        var configuration = try PostgresConfiguration(url: runtime.settings.required(.databaseURL))
        configuration.poolSize = runtime.settings.databasePoolSize
        configuration.maxOverflow = runtime.settings.databaseMaxOverflow
        configuration.applicationName = "duet-ranking"
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
