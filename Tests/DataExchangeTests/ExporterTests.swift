import DataExchange
import Postgres
import TestKit
import Testing

@Suite("Export", .enabled(if: TemporaryPostgres.isAvailable))
struct ExporterTests {
    private static let users = """
        SELECT id, name, age, gender, location, bio, interests::text, latitude, longitude, created_at::text FROM users ORDER BY id
        """
    private static let interactions = """
        SELECT user_id, target_user_id, kind, occurred_at::text, context::text FROM interactions ORDER BY id
        """

    private func content(_ sql: String, _ pool: PostgresPool) async throws -> [[[UInt8]?]] {
        try await pool.query(PostgresQuery(unescaped: sql)).map { row in try (0..<row.columnCount).map { try row.optionalBytes($0) } }
    }

    @Test("What is exported comes back the same, and is exported the same again")
    func roundTrip() async throws {
        try await withStore { (pool, folder) async throws in
            try await pool.withConnection { connection in
                try await connection.execute(
                    script: #"""
                        INSERT INTO users (id, name, age, gender, location, bio, interests, latitude, longitude, created_at) VALUES
                            (1, 'Ann "A"', 30, 'female', 'Köln, DE', E'two\r\nlines; \\ tab\t, "q"', '{"a;b","c\"d","e\\f","ü, {}"}',
                             50.123456789012345, -6.9, '2024-01-15 10:30:00.123456+00'),
                            (2, 'bare', NULL, NULL, NULL, NULL, '{}', NULL, NULL, '1999-12-31 23:59:59+00'),
                            (3, 'empty', 20, 'other', 'X', '', '{}', 0, 0, '2024-01-01+00');
                        CREATE TEMPORARY TABLE staged_interactions (ordinal bigint, user_id bigint, target_user_id bigint, kind smallint,
                            occurred_at timestamptz, context jsonb);
                        INSERT INTO staged_interactions VALUES (1, 1, 2, 1, '2024-01-01 00:00:00.000001+00', '{"a": "x,\"y\""}'),
                            (2, 2, 1, 3, '2024-01-02+00', '{}'), (3, 3, 1, 4, '2024-01-03+00', '{}'), (4, 1, 3, 6, '2024-01-04+00', NULL);
                        SELECT apply_interactions_batch();
                        """#)
            }
            let exporter = Exporter(pool: pool, logger: silent)
            let summary = try await exporter.export(users: folder.path("users.csv"), interactions: folder.path("interactions.csv"))
            #expect((summary.users, summary.interactions) == (3, 4))
            let before = (try await self.content(Self.users, pool), try await self.content(Self.interactions, pool))
            #expect(try folder.read("users.csv").hasPrefix("id,name,age,gender,location,bio,interests,latitude,longitude,created_at\n"))

            try await withStore { (other, second) async throws in
                let importer = Importer(pool: other, logger: silent)
                let users = try await importer.importUsers(from: folder.path("users.csv"))
                let interactions = try await importer.importInteractions(from: folder.path("interactions.csv"))
                #expect(users.rejected.isEmpty && interactions.rejected.isEmpty, "\(users.rejected) \(interactions.rejected)")
                #expect(try await self.content(Self.users, other) == before.0)
                #expect(try await self.content(Self.interactions, other) == before.1)
                _ = try await Exporter(pool: other, logger: silent).export(
                    users: second.path("users.csv"), interactions: second.path("interactions.csv"))
                #expect(try second.read("users.csv") == folder.read("users.csv"))
                #expect(try second.read("interactions.csv") == folder.read("interactions.csv"))
                #expect(try await other.number("SELECT count(*) FROM pair_states") == pool.number("SELECT count(*) FROM pair_states"))
            }
        }
    }

    @Test("A place that can't be written is an error of the file")
    func unwritable() async throws {
        try await withStore { (pool, folder) async throws in
            await #expect(throws: ExchangeError.self) {
                try await Exporter(pool: pool, logger: silent)
                    .export(users: folder.path("no/such/users.csv"), interactions: folder.path("i.csv"))
            }
            #expect(throws: (any Error).self) { try folder.read("i.csv") }
        }
    }
}
