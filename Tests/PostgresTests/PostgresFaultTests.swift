import Postgres
import TestKit
import Testing

@Suite("A server that goes away", .enabled(if: TemporaryPostgres.isAvailable))
struct PostgresFaultTests {
    @Test("Killed in a statement: the caller learns it, the pool comes back with the server")
    func killed() async throws {
        try await TemporaryPostgres.withServer { (server) async throws in
            try await withPool(url: server.url, { $0.statementTimeout = .seconds(60) }) { (pool) async throws in
                _ = try await pool.query("SELECT 1")
                let running = Task { try await pool.query("SELECT pg_sleep(30)") }
                #expect(await eventually { pool.statistics.open == 1 && pool.statistics.idle == 0 })
                try await server.kill()
                let error = await postgresError { _ = try await running.value }
                #expect(error?.code == .connectionFailed || error?.code == .serverUnavailable)
                #expect(error?.isTransient == true)
                let refused = await postgresError { _ = try await pool.query("SELECT 1") }
                #expect(refused?.isTransient == true)
                try await server.start()
                #expect(await eventually(within: .seconds(10)) { (try? await pool.query("SELECT 1"))?.count == 1 })
            }
        }
    }

    @Test("Stopped while idle: the dead connections are dropped unseen")
    func stoppedIdle() async throws {
        try await TemporaryPostgres.withServer { (server) async throws in
            try await withPool(url: server.url) { (pool) async throws in
                _ = try await pool.query("SELECT \(1)")
                try await server.stop()
                #expect(await eventually { pool.statistics.open == 0 })
                try await server.start()
                #expect(await eventually(within: .seconds(10)) { (try? await pool.query("SELECT \(2)")[0].int(0)) == 2 })
            }
        }
    }

    @Test("One session ended by the administrator costs one connection")
    func terminated() async throws {
        try await withPool({ $0.poolSize = 2 }) { (pool) async throws in
            let error = await postgresError {
                try await pool.withTransaction { (connection) async throws in
                    let session = try await connection.query("SELECT pg_backend_pid()")[0].int32(0)
                    _ = try await pool.query("SELECT pg_terminate_backend(\(session))")
                    _ = try await connection.query("SELECT pg_sleep(5)")
                }
            }
            #expect(error?.isTransient == true)
            let rows = try await pool.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }

    @Test("A session that hangs is given up after the timeout and a second")
    func hung() async throws {
        try await TemporaryPostgres.withServer { (server) async throws in
            try await withPool(url: server.url, { ($0.poolSize, $0.statementTimeout) = (1, .milliseconds(50)) }) { (pool) async throws in
                let session = try await pool.query("SELECT pg_backend_pid()")[0].int32(0)
                server.freeze(true, session: session)
                let error = await postgresError { _ = try await pool.query("SELECT 1") }
                server.freeze(false, session: session)
                #expect(error?.code == .statementTimeout)
                let rows = try await pool.query("SELECT pg_backend_pid()")
                #expect(try rows[0].int32(0) != session)
            }
        }
    }

    @Test("No server at all: the second failure is answered at once")
    func absent() async throws {
        try await withPool(url: "postgresql://postgres@/x?host=/nonexistent", { $0.acquireTimeout = .seconds(60) }) { (pool) async throws in
            #expect(await postgresError { _ = try await pool.query("SELECT 1") }?.code == .connectionFailed)
            #expect(
                await eventually {
                    let clock = ContinuousClock()
                    let start = clock.now
                    let error = await postgresError { _ = try await pool.query("SELECT 1") }
                    return error?.isTransient == true && clock.now - start < .milliseconds(20)
                })
        }
    }

    @Test("A database that does not exist is no transient error")
    func unknownDatabase() async throws {
        try await TemporaryPostgres.withDatabase { url in
            let other = url.replacing("/test", with: "/absent")
            try await withPool(url: other) { (pool) async throws in
                let error = await postgresError { _ = try await pool.query("SELECT 1") }
                #expect(error?.message.contains("does not exist") == true)
            }
        }
    }

    @Test("A listener hears, and listens again after the server was away")
    func listener() async throws {
        try await TemporaryPostgres.withServer { (server) async throws in
            try await withPool(url: server.url) { (pool) async throws in
                let listener = PostgresListener(
                    configuration: try PostgresConfiguration(url: server.url), channels: ["news", "odd \"name\""], logger: silent)
                var events = listener.events().makeAsyncIterator()
                #expect(await events.next() == .listening)
                _ = try await pool.query("SELECT pg_notify('news', \("ü 1")), pg_notify('odd \"name\"', '2')")
                #expect(await events.next() == .notification(PostgresNotification(channel: "news", payload: "ü 1")))
                #expect(await events.next() == .notification(PostgresNotification(channel: "odd \"name\"", payload: "2")))
                try await server.kill()
                try await server.start()
                #expect(await events.next() == .listening)
                #expect(await eventually(within: .seconds(10)) { (try? await pool.query("SELECT pg_notify('news', '3')")) != nil })
                #expect(await events.next() == .notification(PostgresNotification(channel: "news", payload: "3")))
                await listener.shutdown()
                #expect(await events.next() == nil)
            }
        }
    }
}
