import Domain
import Postgres
import Storage
import TestKit
import Testing

@Suite("Gate", .enabled(if: TemporaryPostgres.isAvailable))
struct GateTests {
    @Test("Whoever has judged thousands is not told beforehand whom they must not meet, but still for those who are looked at")
    func busyViewer() async throws {
        try await TemporaryStorage.with { store in
            let viewer = try await store.storage.users.create(NewUser(name: "Busy")).id
            let judged = { (count: Int) async throws -> [Int64] in
                try await store.postgres.read(
                    """
                    WITH people AS (
                        INSERT INTO users (name) SELECT 'Person ' || n FROM generate_series(1, \(count)) AS n RETURNING id)
                    INSERT INTO pair_states (user_id, target_user_id, opinion, updated_at)
                    SELECT \(viewer.rawValue), id, 1, now() FROM people RETURNING target_user_id
                    """
                ).map { row throws(PostgresError) in try row.int64(0) }
            }
            let first = try await judged(2000)
            let outlook = try #require(try await store.storage.gate.outlook(of: viewer, seen: SeenPolicy(), among: nil))
            #expect(outlook.barred == Set(first.map(UserID.init(_:))))
            let last = UserID(try #require(try await judged(1).first))
            #expect(try await store.storage.gate.outlook(of: viewer, seen: SeenPolicy(), among: nil) == nil)
            #expect(try await store.storage.gate.outlook(of: viewer, seen: SeenPolicy(), among: [last])?.barred == [last])
            #expect(try await store.storage.gate.outlook(of: viewer, seen: SeenPolicy(isExcluded: false), among: nil)?.barred == [])
        }
    }
}
