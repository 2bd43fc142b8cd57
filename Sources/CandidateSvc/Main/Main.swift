import CandidateSvcCore
import Domain
import MeshAPI
import Postgres
import Redis
import ServiceRuntime
import Storage

/// The process of stage 1.
@main struct Main {
    static func main() async {
        await ServiceBootstrap.run(name: "candidate", requiring: [.databaseURL, .meshDirectory]) { runtime in
            let storage = try Self.storage(runtime)
            let index = CandidateIndex()
            let tail = LogTail(log: storage.log, index: index, following: Self.following(runtime.settings), logger: runtime.logger)
            let loader = FactorLoader(models: storage.models, embeddings: storage.embeddings, index: index, logger: runtime.logger)
            let caughtUp = runtime.readiness.condition("index")
            let factors = runtime.readiness.condition("model")
            runtime.run(tail, name: "log")
            runtime.run(loader, name: "model")
            // Whoever is sent a call must know the people: nobody finds this process before the log is read to its end.
            while !(index.isCaughtUp && loader.isReady) {
                caughtUp.set(index.isCaughtUp, detail: tail.progressText)
                factors.set(loader.isReady, detail: "the active model's factors are being read")
                try await Task.sleep(for: .milliseconds(20))
            }
            caughtUp.set(true)
            factors.set(true)
            var settings = CandidateSettings()
            settings.topK = min(runtime.settings.candidateTopK, CandidateServer.limits.generate)
            settings.passReturnDays = runtime.settings.passReturnDays
            settings.fatigueImpressions = runtime.settings.fatigueImpressions
            settings.promotions = runtime.settings.likesYouPerList
            settings.reportsExposure = runtime.settings.sharesExposure
            let server = CandidateServer(index: index, settings: settings, tail: tail, metrics: runtime.metrics, now: { .now })
            try await runtime.serveMesh(CandidateService.methods(server))
        }
    }

    /// Who was shown to whom is read only where a setting asks for it.
    private static func following(_ settings: Settings) -> LogTail.Following {
        let days = settings.fatigueImpressions > 0 ? settings.fatigueDays : settings.sharesExposure ? 1 : 0
        return LogTail.Following(impressionDays: days, idleDays: settings.idleDays)
    }

    private static func storage(_ runtime: ProcessRuntime) throws -> Storage {
        var configuration = try PostgresConfiguration(url: runtime.settings.required(.databaseURL))
        configuration.poolSize = runtime.settings.databasePoolSize
        configuration.maxOverflow = runtime.settings.databaseMaxOverflow
        configuration.applicationName = "duet-candidate"
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
