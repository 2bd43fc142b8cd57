import Glibc
import Logging
import Mesh
import Synchronization
import Testing

@Suite("Peers of another user", .timeLimit(.minutes(1)))
struct PeerTests {
    private static let perl = "/usr/bin/perl"

    private static var canChangeUser: Bool {
        let hasPerl = unsafe access(Self.perl, X_OK) == 0
        return hasPerl && getuid() == 0
    }

    /// Connects as another user and waits until the other end hangs up.
    private static let script = """
        use Socket; $) = 65534; $> = 65534;
        socket(S, AF_UNIX, SOCK_STREAM, 0) or die; connect(S, sockaddr_un($ARGV[0])) or die "connect: $!";
        syswrite(S, "\\0SP\\0\\0\\x30\\0\\0"); 1 while sysread(S, my $bytes, 64); exit 7;
        """

    private struct Recorder: LogHandler {
        let gate: Gate
        let users: UserList
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard let user = event.metadata?["peer.uid"] else { return }
            self.users.list.withLock { $0.append("\(user)") }
            // Opens the way for whoever waits, and doesn't wait itself.
            self.gate.open()
        }
    }

    private final class UserList: Sendable {
        let list = Mutex<[String]>([])
    }

    @Test("A connection of another user is refused, and those of ours go on", .enabled(if: Self.canChangeUser))
    func refusal() async throws {
        let path = "/tmp/mesh-peer-\(getpid()).sock"
        let (gate, users) = (Gate(), UserList())
        let logger = Logger(label: "mesh-tests") { _ in Recorder(gate: gate, users: users) }
        let server = MeshServer(
            service: "test", version: "1", address: "ipc://\(path)", methods: [TestService.echoMethod], logger: logger)
        try await server.start()
        // Unlike the mesh's directory, this one lets everybody in.
        _ = unsafe chmod(path, 0o777)
        var child: pid_t = 0
        let words = [Self.perl, "-e", Self.script, path]
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        let spawned = unsafe posix_spawn(&child, Self.perl, nil, nil, &arguments, environ)
        // swift-format-ignore
        for unsafe argument in unsafe arguments { unsafe free(argument) }
        try #require(spawned == 0)
        await gate.pass()
        #expect(users.list.withLock { $0 } == ["65534"])
        // It ends only when the server has hung up on it.
        var status: Int32 = 0
        let waited = unsafe waitpid(child, &status, 0)
        #expect(waited == child && (status >> 8) & 0xFF == 7)

        let client = MeshClient(
            service: "test", discovery: Discovery(static: [Endpoint(service: "test", address: "ipc://\(path)")]), logger: quietLogger)
        let answer = try await client.echo()
        #expect(answer == "hello")
        await client.shutdown()
        await server.drain()
        unsafe unlink(path)
    }
}
