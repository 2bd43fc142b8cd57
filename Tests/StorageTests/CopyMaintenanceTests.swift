import Domain
import Logging
import Postgres
import Redis
import Storage
import TestKit
import Testing

@Suite("Copies of a person in Redis", .enabled(if: TemporaryRedis.isAvailable))
struct CopyMaintenanceTests {
    private static let person = UserID(77)

    /// Lists, features and remembered answers, some about the person.
    private static func fill(_ redis: RedisClient) async throws -> RedisRecommendationCache {
        let logger = Logger(label: "test")
        let lists = RedisRecommendationCache(redis: redis, logger: logger)
        for viewer in 1...30 {
            guard case .miss(let versions?) = await lists.lookup("key", viewer: UserID(Int64(viewer))) else { continue }
            // Every third list shows the person; in the others stands somebody whose number begins alike.
            let shown = [UserID(5), viewer.isMultiple(of: 3) ? Self.person : UserID(770), UserID(9)]
            lists.store(
                Array("Ada \(viewer)".utf8), showing: shown, key: "key", viewer: UserID(Int64(viewer)), versions: versions)
        }
        guard case .miss(let own?) = await lists.lookup("key", viewer: Self.person) else { return lists }
        lists.store(Array("own".utf8), showing: [UserID(1)], key: "key", viewer: Self.person, versions: own)
        let features = RedisFeatureCache(redis: redis, logger: logger)
        let version = FeatureVersion(schema: 1, embedding: "m1")
        await features.store([(Self.person, [1]), (UserID(770), [2])], version)
        for (key, body) in [
            ("idem:service:a:1", #"{"id":77,"name":"Ada"}"#), ("idem:service:a:2", #"{"id":770,"name":"Bob"}"#),
            ("idem:service:a:3", #"{"id":1,"user_id":3,"target_user_id":77}"#), ("idem:user:77:4", #"{"id":2}"#),
        ] { _ = try await redis.send(RedisCommand("SET", key, "1\n201\n\n" + body)) }
        return lists
    }

    private static func keys(_ redis: RedisClient, _ pattern: String) async throws -> [String] {
        try await redis.send(RedisCommand("KEYS", pattern)).array?.compactMap(\.string).sorted() ?? []
    }

    @Test("Everything about the person goes, and nothing else")
    func removal() async throws {
        try await withRedis { redis in
            let lists = try await Self.fill(redis)
            #expect(try await Self.keys(redis, "*:rec:*").count == 31)
            let removed = try await RedisCopyMaintenance(redis: redis).removeCopies(of: Self.person)
            // Ten lists of others and an own one, its version, a feature, three answers.
            #expect(removed == 16)
            #expect(try await Self.keys(redis, "*:rec:*").count == 20)
            #expect(try await Self.keys(redis, "feat:*") == ["feat:1:m1:770"])
            #expect(try await Self.keys(redis, "idem:*") == ["idem:service:a:2"])
            #expect(await lists.lookup("key", viewer: UserID(1)) == .hit(Array("Ada 1".utf8)))
            #expect(try await RedisCopyMaintenance(redis: redis).removeCopies(of: Self.person) == 0)
        }
    }

    @Test("A flush forgets lists and features, and keeps what must be remembered")
    func flush() async throws {
        try await withRedis { redis in
            _ = try await Self.fill(redis)
            #expect(try await RedisCopyMaintenance(redis: redis).flush() == 33)
            #expect(try await Self.keys(redis, "*:rec:*").isEmpty)
            #expect(try await Self.keys(redis, "idem:*").count == 4)
        }
    }
}

@Suite("The audit log", .enabled(if: TemporaryPostgres.isAvailable))
struct AuditLogTests {
    @Test(
        "The database itself refuses to change or shorten it",
        arguments: ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"])
    func appendOnly(statement: String) async throws {
        try await TemporaryStorage.with { storage in
            try await storage.storage.audit.append(
                AuditEntry(time: Timestamp(seconds: 1), actor: "a", role: "admin", action: "do", target: "1", requestID: "r"))
            await #expect(throws: (any Error).self) { try await storage.postgres.withConnection { try await $0.execute(script: statement) } }
            #expect(try await storage.storage.audit.entries(before: nil, limit: 10).map(\.actor) == ["a"])
        }
    }
}
