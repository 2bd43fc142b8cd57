import Postgres
import TestKit
import Testing

@Suite("Pool", .enabled(if: TemporaryPostgres.isAvailable))
struct PostgresPoolTests {
    @Test("Many tasks share few connections and each gets its own answer")
    func sharing() async throws {
        try await withPool({ $0.acquireTimeout = .seconds(60) }) { (pool) async throws in
            let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 1...200 {
                    group.addTask {
                        let row = try await pool.query("SELECT \(Int64(number))")[0]
                        let value = try row.int64(0)
                        #expect(value == Int64(number))
                        return value
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 20_100)
            #expect(pool.statistics.open <= 4)
            #expect(await eventually { pool.statistics.idle == pool.statistics.open && pool.statistics.waiting == 0 })
        }
    }

    @Test("A statement is prepared once per connection")
    func preparedOnce() async throws {
        try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
            for number in 0..<5 { _ = try await pool.query("SELECT \(number) AS once") }
            let rows = try await pool.query("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1 AS once'")
            #expect(try rows[0].int(0) == 1)
        }
    }

    @Test("Prepared statements are bounded")
    func preparedBounded() async throws {
        try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
            for number in 0..<300 { _ = try await pool.query("SELECT \(unescaped: "\(number)")") }
            let rows = try await pool.query("SELECT count(*) FROM pg_prepared_statements")
            #expect(try rows[0].int(0) <= 257)
        }
    }

    @Test("A statement whose result a migration changed is prepared again")
    func stalePlan() async throws {
        try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
            try await pool.withConnection { try await $0.execute(script: "CREATE TABLE t (a int); INSERT INTO t VALUES (1)") }
            #expect(try await pool.query("SELECT * FROM t")[0].columnCount == 1)
            try await pool.withConnection { try await $0.execute(script: "ALTER TABLE t ADD COLUMN b text DEFAULT 'x'") }
            #expect(try await pool.query("SELECT * FROM t")[0].columnCount == 2)
            try await pool.withConnection { try await $0.execute(script: "DEALLOCATE ALL") }
            #expect(try await pool.query("SELECT * FROM t")[0].columnCount == 2)
        }
    }

    @Test("Nobody waits longer than the acquire timeout")
    func exhaustion() async throws {
        try await withPool({ ($0.poolSize, $0.acquireTimeout) = (1, .milliseconds(900)) }) { (pool) async throws in
            try await pool.withConnection { _ in
                let error = await postgresError { _ = try await pool.query("SELECT 1") }
                #expect(error?.code == .poolExhausted)
                #expect(error?.isTransient == true)
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test("Overflow connections open under load and close after it")
    func overflow() async throws {
        try await withPool({ ($0.poolSize, $0.maxOverflow) = (1, 1) }) { (pool) async throws in
            try await pool.withConnection { _ in
                try await pool.withConnection { _ in #expect(pool.statistics.open == 2) }
                #expect(await eventually { pool.statistics.open <= 2 })
            }
            #expect(await eventually { pool.statistics.open == 1 && pool.statistics.idle == 1 })
        }
    }

    @Test("A task that is cancelled while it waits leaves the queue")
    func cancelledWaiting() async throws {
        try await withPool({ ($0.poolSize, $0.acquireTimeout) = (1, .seconds(60)) }) { (pool) async throws in
            try await pool.withConnection { _ in
                let waiting = Task { try await pool.query("SELECT 1") }
                #expect(await eventually { pool.statistics.waiting == 1 })
                waiting.cancel()
                #expect(await postgresError { _ = try await waiting.value }?.code == .cancelled)
                #expect(await eventually { pool.statistics.waiting == 0 })
            }
        }
    }

    @Test("A task that is cancelled in its statement returns at once, and the connection serves on")
    func cancelledRunning() async throws {
        let isWaiting: PostgresQuery = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        try await TemporaryPostgres.withDatabase { url in
            try await withPool(url: url) { (observer) async throws in
                try await withPool(url: url, { $0.poolSize = 1 }) { (pool) async throws in
                    try await observer.withTransaction { (holder) async throws in
                        _ = try await holder.query("SELECT pg_advisory_xact_lock(1)")
                        let running = Task { try await pool.query("SELECT pg_advisory_xact_lock(1)") }
                        #expect(await eventually { (try? await observer.query(isWaiting)[0].int(0)) == 1 })
                        running.cancel()
                        #expect(await postgresError { _ = try await running.value }?.code == .cancelled)
                        // The server is still at it.
                        #expect(try await observer.query(isWaiting)[0].int(0) == 1)
                    }
                    // The next caller does not get the answer of the one before.
                    #expect(try await pool.query("SELECT \(42)")[0].int(0) == 42)
                }
            }
        }
    }

    @Test("A task that is cancelled before it starts does nothing")
    func cancelledBefore() async throws {
        try await withPool { (pool) async throws in
            let task = Task {
                await eventually { Task.isCancelled }
                _ = try await pool.query("SELECT 1")
            }
            task.cancel()
            #expect(await postgresError { try await task.value }?.code == .cancelled)
        }
    }

    @Test("Shutdown answers those who run and those who wait, and refuses the next")
    func shutdown() async throws {
        try await withPool({ ($0.poolSize, $0.acquireTimeout) = (1, .seconds(60)) }) { (pool) async throws in
            let running = Task { try await pool.query("SELECT pg_sleep(30)") }
            #expect(await eventually { pool.statistics.open == 1 && pool.statistics.idle == 0 })
            let waiting = Task { try await pool.query("SELECT 1") }
            #expect(await eventually { pool.statistics.waiting == 1 })
            await pool.shutdown()
            #expect(await postgresError { _ = try await running.value }?.code == .shutDown)
            #expect(await postgresError { _ = try await waiting.value }?.code == .shutDown)
            #expect(await postgresError { _ = try await pool.query("SELECT 1") }?.code == .shutDown)
            #expect(pool.statistics.open == 0)
        }
    }

    @Test("A caller whose time is over is answered at once, and the connection comes back")
    func budget() async throws {
        try await withPool({ configuration in
            configuration.poolSize = 1
            configuration.budget = { CallerTime.left }
        }) { (pool) async throws in
            _ = try await pool.query("SELECT 1")
            let start = ContinuousClock.now
            let slow = await postgresError {
                try await CallerTime.$left.withValue(.milliseconds(50)) { _ = try await pool.query("SELECT pg_sleep(20)") }
            }
            #expect(slow?.code == .statementTimeout)
            let none = await postgresError { try await CallerTime.$left.withValue(.zero) { _ = try await pool.query("SELECT 1") } }
            #expect(none?.code == .statementTimeout)
            #expect(ContinuousClock.now - start < .seconds(10))
            // Without a limit of its own the next caller waits until the abandoned statement has been cleared away.
            #expect(try await pool.query("SELECT 7")[0].int(0) == 7)
        }
    }

    @Test("Waiting for a connection is limited by the caller's time, too")
    func budgetOfTheQueue() async throws {
        try await withPool({ configuration in
            configuration.poolSize = 1
            configuration.budget = { CallerTime.left }
        }) { (pool) async throws in
            try await pool.withConnection { (connection) async throws in
                let error = await postgresError {
                    try await CallerTime.$left.withValue(.milliseconds(20)) { _ = try await pool.query("SELECT 1") }
                }
                #expect(error?.code == .poolExhausted)
                #expect(try await connection.query("SELECT 1").count == 1)
            }
        }
    }
}

private enum CallerTime {
    @TaskLocal static var left: Duration?
}
