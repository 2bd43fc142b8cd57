import Logging
import Postgres
import TestKit
import Testing

let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// A pool on a new database.
func withPool<R>(
    _ change: (inout PostgresConfiguration) -> Void = { _ in }, _ body: (PostgresPool) async throws -> R
) async throws -> R {
    try await TemporaryPostgres.withDatabase { url in try await withPool(url: url, change, body) }
}

func withPool<R>(
    url: String, _ change: (inout PostgresConfiguration) -> Void = { _ in }, _ body: (PostgresPool) async throws -> R
) async throws -> R {
    var configuration = try PostgresConfiguration(url: url)
    // Many tests share two processors.
    (configuration.acquireTimeout, configuration.connectTimeout) = (.seconds(30), .seconds(30))
    change(&configuration)
    let pool = PostgresPool(configuration: configuration, logger: silent)
    do {
        let result = try await body(pool)
        await pool.shutdown()
        return result
    } catch {
        await pool.shutdown()
        throw error
    }
}

/// The error that `body` throws, if it is one of PostgreSQL.
func postgresError(_ body: () async throws -> Void) async -> PostgresError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? PostgresError
    }
}
