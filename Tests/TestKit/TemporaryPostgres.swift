import Foundation
import Glibc
import Logging
import Postgres
import Synchronization

/// A PostgreSQL server in a temporary folder, on a Unix socket, without the safety that costs time. It dies with the test process.
///
/// Most tests take a fresh database of the server that all share: ``withDatabase(_:)``. A test that stops or kills a server starts its own:
/// ``withServer(_:)``.
public final class TemporaryPostgres: Sendable {
    /// Whether the programs are installed; `.enabled(if: TemporaryPostgres.isAvailable)` on a suite.
    public static let isAvailable = program("initdb") != nil && program("postgres") != nil

    private static let shared = SharedServer { try await TemporaryPostgres() }

    private let folder: String
    private let server = Mutex<ServerProcess?>(nil)
    private let databases = Mutex(0)
    private let administration: PostgresPool
    /// Postgres refuses to run as root.
    private let user: String? = geteuid() == 0 ? "postgres" : nil

    private init() async throws {
        guard let initdb = Self.program("initdb") else {
            throw TestKitError("no initdb in PATH or /usr/lib/postgresql: install the package postgresql")
        }
        self.folder = try TemporaryFolder.make("duet-pg", owner: self.user)
        var configuration = try PostgresConfiguration(url: Self.url(database: "postgres", folder: self.folder))
        configuration.poolSize = 1
        (configuration.statementTimeout, configuration.acquireTimeout) = (.seconds(60), .seconds(120))
        self.administration = PostgresPool(
            configuration: configuration, logger: Logger(label: "TestKit", factory: { _ in SwiftLogNoOpLogHandler() }))
        let arguments = [
            initdb, "-D", "\(self.folder)/data", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8",
        ]
        let log = "\(self.folder)/initdb.log"
        let process = try ServerProcess(arguments, as: self.user, output: log)
        guard await process.waitUntilExit(within: .seconds(60)), FileManager.default.fileExists(atPath: "\(self.folder)/data/PG_VERSION")
        else { throw TestKitError("initdb failed: \(Self.tail(log))") }
        try await self.start()
    }

    // MARK: Databases

    /// Runs `body` with the URL of a new, empty database of the shared server; it is dropped afterwards.
    public static func withDatabase<R>(_ body: (String) async throws -> R) async throws -> R {
        try await self.shared.value().withDatabase(body)
    }

    /// Runs `body` with a server of its own.
    public static func withServer<R>(_ body: (TemporaryPostgres) async throws -> R) async throws -> R {
        let server = try await TemporaryPostgres()
        do {
            let result = try await body(server)
            await server.remove()
            return result
        } catch {
            await server.remove()
            throw error
        }
    }

    /// Runs `body` with the URL of a new, empty database; it is dropped afterwards.
    public func withDatabase<R>(_ body: (String) async throws -> R) async throws -> R {
        let number = self.databases.withLock { count in
            count += 1
            return count
        }
        let name = "test\(number)"
        try await self.administer("CREATE DATABASE \(name)")
        do {
            let result = try await body(Self.url(database: name, folder: self.folder))
            try? await self.administer("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
            return result
        } catch {
            try? await self.administer("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
            throw error
        }
    }

    /// Of the database that every server has.
    public var url: String { Self.url(database: "postgres", folder: self.folder) }

    private static func url(database: String, folder: String) -> String { "postgresql://postgres@/\(database)?host=\(folder)" }

    /// One after the other: many at once would only slow each other down.
    private func administer(_ sql: String) async throws {
        try await self.administration.withConnection { connection in try await connection.execute(script: sql) }
    }

    // MARK: Faults

    /// Starts the server, again after ``stop()`` or ``kill()``, and returns when it takes connections.
    public func start() async throws {
        guard let postgres = Self.program("postgres") else { throw TestKitError("no postgres in PATH or /usr/lib/postgresql") }
        let log = "\(self.folder)/postgres.log"
        var arguments = [postgres, "-D", "\(self.folder)/data", "-k", self.folder]
        let settings = [
            "listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB",
            "max_connections=200", "autovacuum=off", "max_wal_size=1GB", "max_worker_processes=2",
        ]
        for setting in settings { arguments += ["-c", setting] }
        let process = try ServerProcess(arguments, as: self.user, output: log)
        self.server.withLock { $0 = process }
        let status = "\(self.folder)/data/postmaster.pid"
        let isReady = await eventually(within: .seconds(30)) {
            guard process.isRunning else { return true }
            return (try? String(contentsOfFile: status, encoding: .utf8))?.split(separator: "\n").last?.hasPrefix("ready") ?? false
        }
        guard isReady, process.isRunning else { throw TestKitError("postgres did not start: \(Self.tail(log))") }
    }

    /// Ends every session and stops in order.
    public func stop() async throws { try await self.end(signal: SIGINT) }

    /// Ends at once like a crash: sessions break off, the next start recovers.
    public func kill() async throws { try await self.end(signal: SIGQUIT) }

    /// Stops one session's process in its tracks, or lets it go on: a server that hangs.
    ///
    /// - Parameter session: What `pg_backend_pid()` says.
    public func freeze(_ isFrozen: Bool, session: Int32) {
        _ = Glibc.kill(session, isFrozen ? SIGSTOP : SIGCONT)
    }

    private func end(signal: Int32) async throws {
        guard let process = self.server.withLock({ $0 }) else { return }
        process.signal(signal)
        guard await process.waitUntilExit() else { throw TestKitError("postgres did not stop") }
    }

    private func remove() async {
        await self.administration.shutdown()
        try? await self.kill()
        TemporaryFolder.remove(self.folder)
    }

    // MARK: Programs

    /// In PATH, or where Debian keeps it.
    static func program(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let folders = path.split(separator: ":").map(String.init) + versions.sorted().reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func tail(_ path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? "no log"
        return text.split(separator: "\n").suffix(5).joined(separator: " | ")
    }
}
