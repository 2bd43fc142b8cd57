import Domain
import Postgres
import Storage
import TestKit
import Testing

@Suite("Schema", .enabled(if: TemporaryPostgres.isAvailable))
struct SchemaTests {
    @Test("Migrations are numbered without gaps, and a second run applies none")
    func repeated() async throws {
        #expect(Storage.migrations.map(\.number) == Storage.migrations.map(\.number).sorted())
        try await TemporaryStorage.with { store in
            let applied = try await store.storage.migrate()
            #expect(applied == [])
        }
    }

    @Test("Statistics refresh concurrently and count what is in the log")
    func statistics() async throws {
        try await TemporaryStorage.with { store in
            let ids = try await store.repositories.people()
            for _ in 0..<2 {
                _ = try await store.storage.interactions.record(
                    NewInteraction(userID: UserID(ids[0]), targetUserID: UserID(ids[1]), kind: .like))
                try await store.storage.refreshStatistics()
            }
            let rows = try await store.postgres.query("SELECT user_id, sent, received FROM interaction_statistics ORDER BY user_id")
            let counts = try rows.map { row in [try row.int64(0), try row.int64(1), try row.int64(2)] }
            #expect(counts == [[ids[0], 2, 0], [ids[1], 0, 2]])
            let days = try await store.postgres.query("SELECT likes, new_users FROM daily_metrics")
            let daily = try days.map { row in [try row.int64(0), try row.int64(1)] }
            #expect(daily == [[2, 3]])
        }
    }

    @Test("Identifiers go on behind those that an import chose")
    func identifiers() async throws {
        try await TemporaryStorage.with { store in
            _ = try await store.postgres.query("INSERT INTO users (id, name) VALUES (500, 'Imported')")
            _ = try await store.postgres.query("SELECT advance_user_ids()")
            #expect(try await store.storage.users.create(NewUser(name: "Next")).id > UserID(500))
        }
    }

    @Test("Two erasures of one pair do not wait for each other forever")
    func crossedErasures() async throws {
        try await TemporaryStorage.with { store in
            for _ in 0..<5 {
                let ids = try await store.repositories.people().map(UserID.init(_:))
                for (user, target) in [(0, 1), (1, 0)] {
                    _ = try await store.storage.interactions.record(
                        NewInteraction(userID: ids[user], targetUserID: ids[target], kind: .like))
                }
                async let first = store.storage.users.erase(ids[0])
                async let second = store.storage.users.erase(ids[1])
                async let like = try? store.storage.interactions.record(
                    NewInteraction(userID: ids[2], targetUserID: ids[0], kind: .like))
                #expect(try await first != nil)
                #expect(try await second != nil)
                _ = await like
            }
            let left = try await store.postgres.query(
                "SELECT (SELECT count(*) FROM interactions), (SELECT count(*) FROM pair_states), (SELECT count(*) FROM matches)")
            let counts = try (0..<3).map { column in try left[0].int(column) }
            #expect(counts == [0, 0, 0])
        }
    }

    @Test("A model whose bytes rotted is refused")
    func rottenModel() async throws {
        try await TemporaryStorage.with { store in
            try await store.storage.models.register(
                ModelRecord(
                    version: "v1", schemaVersion: 1, checksum: sha256([1, 2]), metrics: [:], lineage: [:],
                    createdAt: Timestamp(seconds: 1)),
                artefact: [1, 2])
            _ = try await store.postgres.query("UPDATE models SET artefact = '\\x01'")
            let error = await #expect(throws: RepositoryError.self) { try await store.storage.models.artefact("v1") }
            #expect(error?.code == .malformed)
        }
    }

    @Test("A server that is gone is unavailable, not a crash")
    func unavailable() async throws {
        try await TemporaryStorage.with { store in
            await store.postgres.shutdown()
            let error = await #expect(throws: RepositoryError.self) { try await store.storage.users.user(UserID(1)) }
            #expect(error?.code == .unavailable)
        }
    }
}
