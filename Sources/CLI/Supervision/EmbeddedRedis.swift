import Dispatch

/// A private Redis: a Unix socket and no port, a bounded cache that is never written to disk.
public struct EmbeddedRedis: Sendable {
    public let folder: DataFolder
    public let program: String

    /// - Throws: ``SupervisionError`` with ``SupervisionError/Code/missingProgram``.
    public init(folder: DataFolder, searchPath: String = Program.searchPath) throws(SupervisionError) {
        self.folder = folder
        self.program = try Program.find("redis-server", package: "redis-server", in: searchPath)
    }

    /// What services connect to.
    public var url: String { "unix://\(self.folder.redisSocket)" }

    public var service: ServiceSpec {
        ServiceSpec(name: "redis", isScalable: false) { _ in
            let socket = self.folder.redisSocket
            let redis = [
                self.program, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "600", "--save", "", "--appendonly", "no",
                "--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru", "--dir", self.folder.runtime, "--daemonize", "no",
            ]
            return ProcessSpec(
                name: "redis", executable: Program.setpriv, arguments: ["--pdeathsig", "TERM", "--"] + redis,
                environment: ["PATH": Program.searchPath], logFile: self.folder.log("redis"),
                readiness: ReadinessProbe { await Self.answers(socket) }, startTimeout: .seconds(10), startAttempts: 3)
        }
    }

    private static func answers(_ path: String) async -> Bool {
        await withCheckedContinuation { continuation in
            Program.queue.async {
                guard let socket = try? StreamSocket.connected(to: .unix(path: path), timeout: .seconds(1)),
                    socket.write(Array("PING\r\n".utf8)), let answer = socket.read()
                else { return continuation.resume(returning: false) }
                continuation.resume(returning: answer.starts(with: "+PONG".utf8))
            }
        }
    }
}
