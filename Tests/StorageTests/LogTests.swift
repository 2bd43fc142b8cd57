import Domain
import Postgres
import Storage
import TestKit
import Testing

@Suite("The log on PostgreSQL", .enabled(if: TemporaryPostgres.isAvailable))
struct LogTests {
    @Test("A reader never passes a transaction that commits late")
    func lateCommit() async throws {
        try await TemporaryStorage.with { store in
            let ids = try await store.repositories.people()
            let log = store.storage.log
            // A transaction in another database of the server holds this log back, too.
            #expect(await eventually { (try? await log.users(after: .start, limit: 10).entries.count) == ids.count })
            let (positions, horizon) = try await store.postgres.withTransaction { connection in
                // The older transaction has written but not committed when the younger one has come and gone.
                let late = try await connection.query(
                    "SELECT recorded_id FROM record_interaction(\(ids[0]), \(ids[1]), 1::smallint, NULL, NULL)")
                let early = try await store.storage.interactions.record(
                    NewInteraction(userID: UserID(ids[2]), targetUserID: UserID(ids[1]), kind: .like))
                #expect(early.interaction.id > (try late[0].int64(0)))
                let batch = try await log.interactions(after: .start, limit: 10)
                #expect(batch.entries.isEmpty)
                #expect(batch.horizon <= early.position)
                _ = try await store.storage.users.create(NewUser(name: "Eve"))
                #expect(try await log.users(after: .start, limit: 10).entries.count == ids.count)
                return ([try late[0].int64(0), early.interaction.id], batch.horizon)
            }
            #expect(await eventually { (try? await log.users(after: .start, limit: 10).entries.count) == ids.count + 1 })
            let batch = try await log.interactions(after: .start, limit: 10)
            #expect(batch.entries.map(\.event.id) == positions)
            #expect(batch.horizon > horizon)
        }
    }

    @Test("The doorbell rings through Redis long before its interval", .enabled(if: TemporaryRedis.isAvailable))
    func doorbell() async throws {
        try await TemporaryRedis.withServer { server in
            try await TemporaryStorage.with(redis: server.url) { store in
                let ids = try await store.repositories.people()
                var bell = store.storage.log.doorbell(interval: .seconds(3600)).makeAsyncIterator()
                var changes = store.storage.models.changes(interval: .seconds(3600)).makeAsyncIterator()
                for _ in 0..<2 {  // At once, and when the channel is subscribed.
                    #expect(await bell.next() != nil)
                    #expect(await changes.next() != nil)
                }
                _ = try await store.storage.interactions.record(
                    NewInteraction(userID: UserID(ids[0]), targetUserID: UserID(ids[1]), kind: .like))
                #expect(await bell.next() != nil)
            }
        }
    }

    @Test("A write does not mind a Redis that is away", .enabled(if: TemporaryRedis.isAvailable))
    func withoutRedis() async throws {
        try await TemporaryRedis.withServer { server in
            try await TemporaryStorage.with(redis: server.url) { store in
                try await server.kill()
                #expect(try await store.repositories.people().count == 3)
            }
        }
    }
}

extension Repositories {
    func people() async throws -> [Int64] {
        var ids: [Int64] = []
        for number in 0..<3 { ids.append(try await self.users.create(NewUser(name: "Person \(number)")).id.rawValue) }
        return ids
    }
}
