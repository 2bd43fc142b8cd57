import Postgres
import TestKit
import Testing

@Suite("Migrator", .enabled(if: TemporaryPostgres.isAvailable))
struct MigratorTests {
    private let first = Migration(number: 1, name: "a", sql: "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
    private let second = Migration(number: 2, name: "b", sql: "CREATE TABLE b (id int)")
    private let third = Migration(number: 3, name: "c", sql: "CREATE TABLE c (id int)")

    private func migrate(_ migrations: [Migration], _ pool: PostgresPool) async throws -> [String] {
        try await Migrator(migrations: migrations, logger: silent).migrate(pool)
    }

    @Test("Steps are applied once, in order of their numbers")
    func order() async throws {
        try await withPool { (pool) async throws in
            #expect(try await self.migrate([self.second, self.first], pool) == ["0001_a", "0002_b"])
            #expect(try await self.migrate([self.first, self.second], pool) == [])
            #expect(try await self.migrate([self.first, self.second, self.third], pool) == ["0003_c"])
            // An older version beside a newer one leaves its steps alone.
            #expect(try await self.migrate([self.first], pool) == [])
            let rows = try await pool.query("SELECT checksum FROM schema_migrations ORDER BY number")
            #expect(rows.count == 3)
            #expect(try rows[0].string(0).count == 64)
        }
    }

    @Test("A step that was changed, or is missing in the middle, is refused before anything is done")
    func mismatches() async throws {
        try await withPool { (pool) async throws in
            _ = try await self.migrate([self.first, self.third], pool)
            let changed = Migration(number: 1, name: "a", sql: "CREATE TABLE other ()")
            for wrong in [[changed, self.third], [self.first, self.second, self.third], [self.third], [self.first, self.first]] {
                let error = await postgresError { _ = try await self.migrate(wrong, pool) }
                #expect(error?.code == .migrationMismatch)
            }
            let rows = try await pool.query("SELECT to_regclass('b')")
            #expect(try rows[0].isNull(0))
        }
    }

    @Test("A step that fails leaves nothing of itself, those before it stay, and the lock is free")
    func failure() async throws {
        try await withPool { (pool) async throws in
            let broken = Migration(number: 2, name: "broken", sql: "CREATE TABLE half (); SELECT 1 / 0")
            #expect(await postgresError { _ = try await self.migrate([self.first, broken], pool) }?.sqlState == "22012")
            let rows = try await pool.query("SELECT to_regclass('half') IS NULL, to_regclass('a') IS NULL")
            #expect(try rows[0].bool(0))
            #expect(try !rows[0].bool(1))
            #expect(try await self.migrate([self.first, self.second], pool) == ["0002_b"])
        }
    }

    @Test("Several processes that start together apply each step once")
    func together() async throws {
        try await withPool({ $0.poolSize = 4 }) { (pool) async throws in
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 { group.addTask { try await self.migrate([self.first, self.second, self.third], pool) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == ["0001_a", "0002_b", "0003_c"])
        }
    }
}
