import Domain
import Logging
import Redis
import Storage
import TestKit
import Testing

private let contracts =
    Contract<Repositories>.users + Contract.interactions + Contract.log + Contract.features + Contract.models + Contract.embeddings
    + Contract.servingLog + Contract.pairs + Contract.events + Contract.privacy

@Suite("Contracts of the repositories")
struct RepositoryContractTests {
    @Test("in memory", arguments: contracts)
    func memory(contract: Contract<Repositories>) async throws {
        try await contract.check(Repositories(InMemoryStore()))
    }

    @Test("on PostgreSQL", .enabled(if: TemporaryPostgres.isAvailable), arguments: contracts)
    func postgres(contract: Contract<Repositories>) async throws {
        try await TemporaryStorage.with { try await contract.check($0.repositories) }
    }
}

@Suite("Contracts of the caches")
struct CacheContractTests {
    @Test("lists in memory", arguments: Contract<any RecommendationCache>.recommendationCache)
    func lists(contract: Contract<any RecommendationCache>) async throws {
        try await contract.check(InMemoryRecommendationCache())
    }

    @Test("lists in Redis", .enabled(if: TemporaryRedis.isAvailable), arguments: Contract<any RecommendationCache>.recommendationCache)
    func redisLists(contract: Contract<any RecommendationCache>) async throws {
        try await withRedis { client in try await contract.check(RedisRecommendationCache(redis: client, logger: Logger(label: "test"))) }
    }

    @Test("features in memory", arguments: Contract<any FeatureCache>.featureCache)
    func features(contract: Contract<any FeatureCache>) async throws {
        try await contract.check(InMemoryFeatureCache())
    }

    @Test("features in Redis", .enabled(if: TemporaryRedis.isAvailable), arguments: Contract<any FeatureCache>.featureCache)
    func redisFeatures(contract: Contract<any FeatureCache>) async throws {
        try await withRedis { client in try await contract.check(RedisFeatureCache(redis: client, logger: Logger(label: "test"))) }
    }

    @Test("A cache that is away misses, forgets and refuses bumps")
    func away() async throws {
        let cache = InMemoryRecommendationCache()
        cache.isAway = true
        #expect(await cache.lookup("key", viewer: UserID(1)) == .miss(nil))
        await #expect(throws: RepositoryError.self) { try await cache.bump(viewers: [UserID(1)]) }
        await #expect(throws: RepositoryError.self) { try await cache.changed(people: [UserID(1)]) }
    }
}

func withRedis(_ body: (RedisClient) async throws -> Void) async throws {
    try await TemporaryRedis.withDatabase { url in
        let client = RedisClient(configuration: try RedisConfiguration(url: url), logger: Logger(label: "test"))
        do {
            try await body(client)
            await client.shutdown()
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
