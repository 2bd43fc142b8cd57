import Dispatch
import Glibc

/// A private PostgreSQL cluster: a Unix socket and no port, durable, owned by this installation alone.
///
/// It runs as the user that runs Duet; as root, whom PostgreSQL refuses, as the system's `postgres` user.
public struct EmbeddedPostgres: Sendable {
    public let placement: PostgresPlacement
    public let folder: DataFolder
    private let programs: String

    /// - Throws: ``SupervisionError`` if PostgreSQL isn't installed, or if root finds no `postgres` user.
    public init(folder: DataFolder) throws(SupervisionError) {
        self.folder = folder
        self.programs = try Self.newestPrograms(under: "/usr/lib/postgresql")
        self.placement = try PostgresPlacement(folder: folder)
    }

    /// What services connect to: the role and database `duet` over the socket.
    public var url: String { "postgresql:///duet?host=\(self.placement.socketFolder)&user=duet" }

    /// Whether the cluster has been made.
    public var isInitialized: Bool { FileSystem.exists(self.placement.data + "/PG_VERSION") }

    /// Makes the cluster with the role and database `duet`, if there is none yet. A half-made one is begun anew.
    ///
    /// - Throws: ``SupervisionError`` with what PostgreSQL said.
    public func initialize() async throws(SupervisionError) {
        let partial = self.placement.data + ".partial"
        _ = try await Program.run("/bin/rm", ["-rf", partial])
        try self.placement.createFolders()
        guard !self.isInitialized else { return }
        // `trust` is replaced below, before any server has ever listened.
        try await self.run(
            "initdb", ["-D", partial, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"])
        try await self.run(
            "postgres", ["--single", "-j", "-D", partial, "postgres"],
            input: "CREATE ROLE duet LOGIN;\n\nCREATE DATABASE duet OWNER duet;\n\n")
        try await self.write(Self.accessRules, to: partial + "/pg_hba.conf")
        guard FileSystem.rename(partial, self.placement.data) else { throw .system("\(self.placement.data) can't be made") }
    }

    /// Starts, recovers after a crash, and stops within seconds (SIGINT: fast shutdown).
    public var service: ServiceSpec {
        ServiceSpec(name: "postgres", isScalable: false) { _ in
            var server = [self.programs + "/postgres", "-D", self.placement.data]
            for (name, value) in self.settings { server += ["-c", "\(name)=\(value)"] }
            let socket = self.placement.socketFolder + "/.s.PGSQL.5432"
            return ProcessSpec(
                name: "postgres", executable: Program.setpriv, arguments: self.placement.identity + ["--pdeathsig", "INT", "--"] + server,
                environment: ["PATH": Program.searchPath, "LC_ALL": "C.UTF-8"], logFile: self.folder.log("postgres"),
                readiness: ReadinessProbe { await self.accepts(socket) }, startTimeout: .seconds(120),
                startAttempts: 20,  // After a kill, the new server waits until the old one's last processes are gone.
                stopSignal: SIGINT, stopTimeout: .seconds(60))
        }
    }

    private var settings: [(String, String)] {
        [
            ("listen_addresses", ""), ("unix_socket_directories", self.placement.socketFolder), ("unix_socket_permissions", "0700"),
            ("max_connections", "100"), ("shared_buffers", "256MB"), ("effective_cache_size", "1GB"), ("work_mem", "16MB"),
            ("maintenance_work_mem", "128MB"), ("max_wal_size", "2GB"), ("checkpoint_timeout", "15min"), ("wal_compression", "on"),
            ("jit", "off"),  // Short queries: compiling one takes longer than running it.
            ("random_page_cost", "1.1"), ("timezone", "UTC"), ("log_timezone", "UTC"), ("log_min_messages", "warning"),
            ("log_line_prefix", "%m [%p] "), ("cluster_name", "duet"),
        ]
    }

    /// Who may connect, and as whom.
    private static let accessRules = """
        # Written when the cluster was made. The server listens on one Unix socket and on no port. The socket's folder has mode 0700, so
        # whoever reaches it is the user that the server runs as, or root; both own these files anyway. No password could add to that.
        # TYPE  DATABASE  USER      METHOD
        local   duet      duet      trust
        local   all       postgres  peer

        """

    /// Asks as a client would: a startup message for the role `duet` is answered by an authentication request once the server is up, and
    /// by an error while it starts or recovers.
    private func accepts(_ path: String) async -> Bool {
        await withCheckedContinuation { continuation in
            Program.queue.async {
                var message: [UInt8] = [0, 3, 0, 0]  // Protocol 3.0.
                for text in ["user", "duet", "database", "duet", ""] { message += Array(text.utf8) + [0] }
                let length = UInt32(message.count + 4).bigEndian
                let header = unsafe withUnsafeBytes(of: length) { unsafe Array($0) }
                guard let socket = try? StreamSocket.connected(to: .unix(path: path), timeout: .seconds(2)),
                    socket.write(header + message), let answer = socket.read()
                else { return continuation.resume(returning: false) }
                continuation.resume(returning: answer.first == UInt8(ascii: "R"))
            }
        }
    }

    private func run(_ program: String, _ arguments: [String], input: String = "") async throws(SupervisionError) {
        let result = try await Program.run(
            Program.setpriv, self.placement.identity + ["--", "\(self.programs)/\(program)"] + arguments, input: input)
        // In single-user mode an error does not change the status.
        guard result.status == .exited(0), !result.output.contains("ERROR:"), !result.output.contains("FATAL:") else {
            let said = result.output.split(separator: "\n").last ?? ""
            throw SupervisionError(.startFailed, "PostgreSQL's \(program) failed: \(said)")
        }
    }

    private func write(_ text: String, to path: String) async throws(SupervisionError) {
        let result = try await Program.run(
            Program.setpriv, self.placement.identity + ["--", "/bin/sh", "-c", "cat > \"$0\"", path], input: text)
        guard result.status == .exited(0) else { throw SupervisionError(.fileSystem, "\(path) can't be written: \(result.output)") }
    }

    private static func newestPrograms(under parent: String) throws(SupervisionError) -> String {
        let versions = FileSystem.names(in: parent).compactMap { Int($0) }
            .filter { FileSystem.isExecutable("\(parent)/\($0)/bin/postgres") }
        guard let newest = versions.max() else {
            throw SupervisionError(
                .missingProgram, "PostgreSQL is not installed: install Debian's package postgresql, or run `make setup`.")
        }
        return "\(parent)/\(newest)/bin"
    }
}
