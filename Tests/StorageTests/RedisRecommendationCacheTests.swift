import Domain
import Logging
import Redis
import Storage
import TestKit
import Testing

@Suite("RedisRecommendationCache", .enabled(if: TemporaryRedis.isAvailable))
struct RedisRecommendationCacheTests {
    private let viewer = UserID(7)

    @Test("While Redis is away everything misses and bumps throw; what was stored before a restart is not believed")
    func restart() async throws {
        try await TemporaryRedis.withServer { server in
            let client = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: Logger(label: "test"))
            let cache = RedisRecommendationCache(redis: client, logger: Logger(label: "test"))
            guard case .miss(let versions?) = await cache.lookup("key", viewer: self.viewer) else {
                Issue.record("no versions")
                return
            }
            cache.store([1], showing: [], key: "key", viewer: self.viewer, versions: versions)
            #expect(await cache.lookup("key", viewer: self.viewer) == .hit([1]))

            try await server.kill()
            #expect(await cache.lookup("key", viewer: self.viewer) == .miss(nil))
            await #expect(throws: RepositoryError.self) { try await cache.bump(viewers: [self.viewer]) }
            await #expect(throws: RepositoryError.self) { try await cache.changed(people: [self.viewer]) }

            try await server.start()
            let isBack = await eventually {
                guard case .miss(.some) = await cache.lookup("key", viewer: self.viewer) else { return false }
                return true
            }
            #expect(isBack)
            cache.store([1], showing: [], key: "key", viewer: self.viewer, versions: versions)
            #expect(await cache.lookup("key", viewer: self.viewer) != .hit([1]), "versions of the old run match nothing")
            await client.shutdown()
        }
    }

    @Test("A server that forgot its scripts is taken for another one, and a bump is made all the same")
    func otherProcess() async throws {
        try await TemporaryRedis.withServer { server in
            let client = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: Logger(label: "test"))
            let cache = RedisRecommendationCache(redis: client, logger: Logger(label: "test"))
            guard case .miss(let versions?) = await cache.lookup("key", viewer: self.viewer) else {
                Issue.record("no versions")
                return
            }
            cache.store([1], showing: [], key: "key", viewer: self.viewer, versions: versions)
            _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
            #expect(await cache.lookup("key", viewer: self.viewer) == .miss(nil))
            _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
            try await cache.bump(viewers: [self.viewer])
            #expect(await cache.lookup("key", viewer: self.viewer) != .hit([1]))
            await client.shutdown()
        }
    }

    @Test("Losing the safety log or the viewer's version to eviction makes the lists stale", arguments: ["*safety:log", "*ver:7"])
    func eviction(pattern: String) async throws {
        try await withRedis { client in
            let cache = RedisRecommendationCache(redis: client, logger: Logger(label: "test"))
            guard case .miss(let versions?) = await cache.lookup("key", viewer: self.viewer) else {
                Issue.record("no versions")
                return
            }
            cache.store([1], showing: [UserID(2)], key: "key", viewer: self.viewer, versions: versions)
            #expect(await cache.lookup("key", viewer: self.viewer) == .hit([1]))
            for key in try await client.send(RedisCommand("KEYS", pattern)).array ?? [] {
                _ = try await client.send(RedisCommand("DEL", key.bytes ?? []))
            }
            #expect(await cache.lookup("key", viewer: self.viewer) != .hit([1]))
            try await cache.changed(people: [UserID(3)])
            #expect(await cache.lookup("key", viewer: self.viewer) != .hit([1]))
        }
    }

    @Test("A cached list survives its encoding; other bytes are none")
    func encoding() {
        let list = CachedList(
            versions: CacheVersions(viewer: .max, safety: 1 << 60), people: [UserID(1), UserID(.max)], answer: [1, 2, 3])
        #expect(CachedList(decoding: list.encode()) == list)
        for count in 0..<40 { #expect(CachedList(decoding: [UInt8](repeating: 0xFF, count: count)) == nil) }
    }
}
