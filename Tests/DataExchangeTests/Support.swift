import DataExchange
import Foundation
import Logging
import Postgres
import Storage
import TestKit
import Testing

let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// A pool on a new database with the whole schema, and a folder for files.
@discardableResult
func withStore<R>(_ body: (PostgresPool, Folder) async throws -> R) async throws -> R {
    try await TemporaryPostgres.withDatabase { url in
        var configuration = try PostgresConfiguration(url: url)
        // Many tests share two processors.
        (configuration.acquireTimeout, configuration.connectTimeout) = (.seconds(30), .seconds(30))
        let pool = PostgresPool(configuration: configuration, logger: silent)
        let folder = try Folder()
        do {
            try await Storage(postgres: pool, redis: nil, logger: silent).migrate()
            let result = try await body(pool, folder)
            await pool.shutdown()
            folder.remove()
            return result
        } catch {
            await pool.shutdown()
            folder.remove()
            throw error
        }
    }
}

struct Folder {
    private let url = FileManager.default.temporaryDirectory.appendingPathComponent("duet-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: false) }

    func remove() { try? FileManager.default.removeItem(at: self.url) }
    func path(_ name: String) -> String { self.url.appendingPathComponent(name).path }

    func write(_ name: String, _ content: String) throws -> String {
        try Data(content.utf8).write(to: self.url.appendingPathComponent(name))
        return self.path(name)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: self.url.appendingPathComponent(name)), as: UTF8.self)
    }
}

extension PostgresPool {
    func number(_ sql: String) async throws -> Int { try await self.query(PostgresQuery(unescaped: sql))[0].int(0) }
}
