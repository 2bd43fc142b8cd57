import Postgres
import TestKit
import Testing

@Suite("Transactions and COPY", .enabled(if: TemporaryPostgres.isAvailable))
struct PostgresTransactionTests {
    private struct Refusal: Error {}

    private func withTable(_ body: (PostgresPool) async throws -> Void) async throws {
        try await withPool({ $0.poolSize = 2 }) { (pool) async throws in
            try await pool.withConnection { try await $0.execute(script: "CREATE TABLE t (id bigint PRIMARY KEY, name text)") }
            try await body(pool)
        }
    }

    private func count(_ pool: PostgresPool) async throws -> Int { try await pool.query("SELECT count(*) FROM t")[0].int(0) }

    @Test("What the body returns comes with the commit")
    func commit() async throws {
        try await self.withTable { (pool) async throws in
            let value = try await pool.withTransaction { (connection) async throws in
                _ = try await connection.query("INSERT INTO t VALUES (1, 'a')")
                return try await connection.query("SELECT name FROM t")[0].string(0)
            }
            #expect(value == "a")
            #expect(try await self.count(pool) == 1)
        }
    }

    @Test("A body that throws is rolled back before its error arrives")
    func rollback() async throws {
        try await self.withTable { (pool) async throws in
            await #expect(throws: Refusal.self) {
                try await pool.withTransaction { (connection) async throws in
                    _ = try await connection.query("INSERT INTO t VALUES (1, 'a')")
                    throw Refusal()
                }
            }
            #expect(pool.statistics.idle == pool.statistics.open)
            let count = try await self.count(pool)
            #expect(count == 0)
        }
    }

    @Test("A failed statement whose error was swallowed does not pass for a commit")
    func swallowedError() async throws {
        try await self.withTable { (pool) async throws in
            let error = await postgresError {
                try await pool.withTransaction { (connection) async throws in
                    _ = try await connection.query("INSERT INTO t VALUES (1, 'a')")
                    _ = try? await connection.query("INSERT INTO t VALUES (1, 'b')")
                }
            }
            #expect(error?.code == .query)
            let count = try await self.count(pool)
            #expect(count == 0)
        }
    }

    @Test("A cancelled task is rolled back, and its locks are gone when it returns")
    func cancelled() async throws {
        try await self.withTable { (pool) async throws in
            let task = Task {
                try await pool.withTransaction { (connection) async throws in
                    _ = try await connection.query("INSERT INTO t VALUES (1, 'a')")
                    await eventually { Task.isCancelled }
                }
            }
            #expect(await eventually { pool.statistics.idle < pool.statistics.open })
            task.cancel()
            #expect(await postgresError { try await task.value }?.code == .cancelled)
            _ = try await pool.query("INSERT INTO t VALUES (1, 'b')")
            #expect(try await self.count(pool) == 1)
        }
    }

    @Test("Isolation and read-only are what was asked for", arguments: PostgresIsolation.allCases)
    func modes(isolation: PostgresIsolation) async throws {
        try await withPool { (pool) async throws in
            let row = try await pool.withTransaction(isolation: isolation, readOnly: true) { (connection) async throws in
                try await connection.query("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")[0]
            }
            #expect(try row.string(0).replacing(" ", with: "") == "\(isolation)".lowercased())
            #expect(try row.string(1) == "on")
        }
    }

    @Test("A connection is of no use after its scope")
    func escaped() async throws {
        try await withPool { (pool) async throws in
            let escaped = try await pool.withConnection { $0 }
            await pool.shutdown()
            #expect(await postgresError { _ = try await escaped.query("SELECT 1") }?.code == .shutDown)
        }
    }

    @Test("An open transaction that a body left behind is rolled back")
    func leftOpen() async throws {
        try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
            try await pool.withConnection { try await $0.execute(script: "BEGIN; CREATE TABLE gone ()") }
            #expect(try await pool.query("SELECT to_regclass('gone')")[0].isNull(0))
        }
    }

    @Test("COPY carries many rows in and out, whatever the chunks")
    func copy() async throws {
        try await self.withTable { (pool) async throws in
            let rows = 50_000
            try await pool.withConnection { (connection) async throws in
                let copied = try await connection.copyIn("COPY t FROM STDIN") { writer in
                    for id in 0..<rows { try await writer.write(Array("\(id)\tname of \(id)\n".utf8)) }
                }
                #expect(copied == rows)
                var text: [UInt8] = []
                let read = try await connection.copyOut("COPY (SELECT id, name FROM t ORDER BY id) TO STDOUT") { chunk in
                    #expect(chunk.last == UInt8(ascii: "\n"))
                    text += chunk
                }
                #expect(read == rows)
                let lines = text.split(separator: UInt8(ascii: "\n"))
                #expect(lines.count == rows)
                #expect(lines.last.map { String(decoding: $0, as: UTF8.self) } == "49999\tname of 49999")
                #expect(try await connection.copyOut("COPY (SELECT 1 WHERE false) TO STDOUT") { _ in } == 0)
                #expect(try await connection.query("SELECT 1").count == 1)
            }
        }
    }

    @Test("A row that the server refuses fails the whole COPY, the connection lives on")
    func copyRefused() async throws {
        try await self.withTable { (pool) async throws in
            try await pool.withConnection { (connection) async throws in
                let error = await postgresError {
                    _ = try await connection.copyIn("COPY t FROM STDIN") { writer in
                        try await writer.write(Array("1\ta\nnot a number\tb\n".utf8))
                        for id in 2..<50_000 { try await writer.write(Array("\(id)\tc\n".utf8)) }
                    }
                }
                #expect(error?.sqlState == "22P02")
                #expect(try await connection.query("SELECT count(*) FROM t")[0].int(0) == 0)
            }
        }
    }

    @Test("A writer that throws leaves nothing; its own error arrives")
    func copyGivenUp() async throws {
        try await self.withTable { (pool) async throws in
            try await pool.withConnection { (connection) async throws in
                await #expect(throws: Refusal.self) {
                    try await connection.copyIn("COPY t FROM STDIN") { writer in
                        try await writer.write(Array("1\ta\n".utf8))
                        throw Refusal()
                    }
                }
                #expect(try await connection.query("SELECT count(*) FROM t")[0].int(0) == 0)
            }
        }
    }

    @Test("A reader that throws costs its connection, not the pool")
    func copyOutGivenUp() async throws {
        try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
            await #expect(throws: Refusal.self) {
                try await pool.withConnection { (connection) async throws in
                    try await connection.copyOut("COPY (SELECT generate_series(1, 1000000)) TO STDOUT") { _ in throw Refusal() }
                }
            }
            let rows = try await pool.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }

    @Test("A statement that is no COPY is refused as one")
    func noCopy() async throws {
        try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
            let error = await postgresError { try await pool.withConnection { _ = try await $0.copyIn("SELECT 1") { _ in } } }
            #expect(error?.code == .invalidConfiguration)
            let rows = try await pool.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }
}
