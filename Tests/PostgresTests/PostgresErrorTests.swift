import Postgres
import TestKit
import Testing

@Suite("Errors", .enabled(if: TemporaryPostgres.isAvailable))
struct PostgresErrorTests {
    @Test("Constraints are told apart and named")
    func constraints() async throws {
        let cases: [(sql: PostgresQuery, kind: PostgresError.ConstraintKind, name: String?, state: String)] = [
            ("INSERT INTO b VALUES (1, 1, 1)", .unique, "b_pkey", "23505"),
            ("INSERT INTO b VALUES (2, 9, 1)", .foreignKey, "b_a_fkey", "23503"),
            ("INSERT INTO b VALUES (3, 1, -1)", .check, "b_c_check", "23514"),
            ("INSERT INTO b VALUES (4, NULL, 1)", .notNull, nil, "23502"),
        ]
        try await withPool { (pool) async throws in
            try await pool.withConnection { (connection) async throws in
                try await connection.execute(
                    script: """
                        CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1);
                        CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a, c int CHECK (c > 0));
                        INSERT INTO b VALUES (1, 1, 1)
                        """)
            }
            for (sql, kind, name, state) in cases {
                let error = await postgresError { _ = try await pool.query(sql) }
                #expect(error?.code == .constraintViolation(kind))
                #expect(error?.constraint == name)
                #expect(error?.sqlState == state)
                #expect(error?.isTransient == false)
                #expect(error?.isConstraintViolation == true)
            }
        }
    }

    @Test("The server's own timeout ends a statement, the connection lives on")
    func statementTimeout() async throws {
        try await withPool({ ($0.poolSize, $0.statementTimeout) = (1, .milliseconds(30)) }) { (pool) async throws in
            let before = try await pool.query("SELECT pg_backend_pid()")[0].int(0)
            #expect(await postgresError { _ = try await pool.query("SELECT pg_sleep(5)") }?.code == .statementTimeout)
            #expect(try await pool.query("SELECT pg_backend_pid()")[0].int(0) == before)
        }
    }

    @Test("A changed timeout goes back with the connection")
    func changedTimeout() async throws {
        try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
            try await pool.withConnection { (connection) async throws in
                try await connection.setStatementTimeout(.milliseconds(20))
                #expect(await postgresError { _ = try await connection.query("SELECT pg_sleep(5)") }?.code == .statementTimeout)
            }
            #expect(try await pool.query("SHOW statement_timeout")[0].string(0) == "5s")
        }
    }

    @Test("Bad SQL is an error of the query; the message holds no parameter")
    func badQuery() async throws {
        try await withPool { (pool) async throws in
            let error = try #require(await postgresError { _ = try await pool.query("SELEKT \("secret")") })
            #expect(error.code == .query)
            #expect(error.sqlState == "42601")
            #expect(!"\(error)".contains("secret"))
            let rows = try await pool.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }

    @Test("Deadlocks are transient")
    func deadlock() async throws {
        try await withPool { (pool) async throws in
            try await pool.withConnection {
                try await $0.execute(script: "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)")
            }
            @Sendable func update(_ first: Int, _ second: Int) async -> PostgresError? {
                await postgresError {
                    try await pool.withTransaction { (connection) async throws in
                        try await connection.execute(script: "SET LOCAL deadlock_timeout = '10ms'")
                        _ = try await connection.query("UPDATE t SET n = n + 1 WHERE id = \(first)")
                        _ = try await connection.query("SELECT pg_advisory_xact_lock_shared(1)")
                        await eventually {
                            let rows = try? await pool.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
                            return (try? rows?.first?.int(0)) == 2
                        }
                        _ = try await connection.query("UPDATE t SET n = n + 1 WHERE id = \(second)")
                    }
                }
            }
            async let one = update(1, 2)
            async let two = update(2, 1)
            let errors = await [one, two].compactMap(\.self)
            #expect(errors.count == 1)
            #expect(errors.first?.code == .serializationFailure)
            #expect(errors.first?.isTransient == true)
        }
    }

    @Test("A connection string that can't be read is refused without being quoted")
    func badURL() throws {
        #expect(throws: PostgresError.self) { try PostgresConfiguration(url: "postgresql://user:hunter2@host:notaport:1/x?nonsense=1") }
        do {
            _ = try PostgresConfiguration(url: "password=hunter2 nonsense=1")
            Issue.record("accepted")
        } catch {
            #expect(error.code == .invalidConfiguration)
            #expect(!error.message.contains("hunter2"))
        }
    }
}
