import Foundation
import Glibc
import Synchronization

/// A Redis server in a temporary folder, on a Unix socket, without persistence. It dies with the test process.
public final class TemporaryRedis: Sendable {
    /// Whether the program is installed; `.enabled(if: TemporaryRedis.isAvailable)` on a suite.
    public static let isAvailable = TemporaryPostgres.program("redis-server") != nil

    private static let shared = SharedServer { try await TemporaryRedis() }
    private static let databaseCount = 4096

    private let folder: String
    private let server = Mutex<ServerProcess?>(nil)
    private let databases = Mutex(0)

    private init() async throws {
        self.folder = try TemporaryFolder.make("duet-rd")
        try await self.start()
    }

    /// Runs `body` with the URL of an empty database of the shared server. Channels are common to all databases.
    public static func withDatabase<R>(_ body: (String) async throws -> R) async throws -> R {
        let server = try await self.shared.value()
        let number = server.databases.withLock { count in
            count += 1
            return count
        }
        guard number < Self.databaseCount else { throw TestKitError("no Redis database left") }
        return try await body("\(server.url)?db=\(number)")
    }

    /// Runs `body` with a server of its own, about 50 ms.
    public static func withServer<R>(_ body: (TemporaryRedis) async throws -> R) async throws -> R {
        let server = try await TemporaryRedis()
        do {
            let result = try await body(server)
            await server.remove()
            return result
        } catch {
            await server.remove()
            throw error
        }
    }

    public var socketPath: String { "\(self.folder)/redis.sock" }
    public var url: String { "unix://\(self.socketPath)" }

    /// Starts the server, again after ``stop()`` or ``kill()``, empty, and returns when it takes connections.
    public func start() async throws {
        guard let program = TemporaryPostgres.program("redis-server") else {
            throw TestKitError("no redis-server in PATH: install the package redis-server")
        }
        let log = "\(self.folder)/redis.log"
        try? FileManager.default.removeItem(atPath: self.socketPath)
        let arguments = [
            program, "--port", "0", "--unixsocket", self.socketPath, "--unixsocketperm", "700", "--save", "", "--appendonly", "no",
            "--dir", self.folder, "--databases", "\(Self.databaseCount)", "--daemonize", "no",
        ]
        let process = try ServerProcess(arguments, as: nil, output: log)
        self.server.withLock { $0 = process }
        let isReady = await eventually(within: .seconds(10)) {
            guard process.isRunning else { return true }
            return ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "Server initialized").last?
                .contains("ready to accept connections") ?? false
        }
        guard isReady, process.isRunning else { throw TestKitError("redis-server did not start: \(TemporaryPostgres.tail(log))") }
    }

    public func stop() async throws { try await self.end(signal: SIGTERM) }

    /// Like a crash.
    public func kill() async throws { try await self.end(signal: SIGKILL) }

    /// Stops the server in its tracks, or lets it go on: a server that hangs.
    public func freeze(_ isFrozen: Bool) {
        self.server.withLock { $0?.signal(isFrozen ? SIGSTOP : SIGCONT) }
    }

    private func end(signal: Int32) async throws {
        guard let process = self.server.withLock({ $0 }) else { return }
        process.signal(signal)
        guard await process.waitUntilExit() else { throw TestKitError("redis-server did not stop") }
    }

    private func remove() async {
        try? await self.kill()
        TemporaryFolder.remove(self.folder)
    }
}
