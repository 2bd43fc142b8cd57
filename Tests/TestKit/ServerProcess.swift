import CLinux
import Foundation
import Glibc
import Synchronization

/// A server that a test has started. It dies with the test process, however that ends.
final class ServerProcess: Sendable {
    /// A process that is gone leaves `nil`, so that its number is never signalled again.
    private let identifier: Mutex<pid_t?>

    /// Starts `arguments`; the output goes to a file.
    ///
    /// - Parameter user: Whom to run it as; only root may choose.
    init(_ arguments: [String], as user: String?, output: String) throws {
        let privileges = user.map { ["--reuid=\($0)", "--regid=\($0)", "--init-groups"] } ?? []
        let command = ["/usr/bin/setpriv", "--pdeathsig", "QUIT"] + privileges + ["--"] + arguments
        self.identifier = Mutex(try SpawnThread.shared.spawn(command, output: output))
    }

    /// Whether the process still runs. Collects it if it doesn't.
    var isRunning: Bool {
        self.identifier.withLock { identifier in
            guard let process = identifier else { return false }
            guard waitpid(process, nil, WNOHANG) == 0 else {
                identifier = nil
                return false
            }
            return true
        }
    }

    func signal(_ number: Int32) {
        self.identifier.withLock { identifier in
            if let identifier { _ = Glibc.kill(identifier, number) }
        }
    }

    func waitUntilExit(within limit: Duration = .seconds(10)) async -> Bool {
        await eventually(within: limit) { !self.isRunning }
    }
}

/// Starts processes from one thread that never ends: the parent's death signal comes when the *thread* that forked dies, and threads of
/// the cooperative pool come and go.
private final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private let requests = Mutex<[@Sendable () -> Void]>([])
    private let bell = DispatchSemaphore(value: 0)

    private init() {
        // As in every executable: who writes to a server that was just killed gets an error, not a signal.
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        let thread = Thread {
            while true {
                self.bell.wait()
                let request = self.requests.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                request?()
            }
        }
        thread.name = "spawn"
        thread.start()
    }

    func spawn(_ command: [String], output: String) throws -> pid_t {
        let done = DispatchSemaphore(value: 0)
        let outcome = ResultBox()
        self.requests.withLock { requests in
            requests.append {
                outcome.value.withLock { $0 = Self.spawnHere(command, output: output) }
                done.signal()
            }
        }
        self.bell.signal()
        done.wait()
        guard let result = outcome.value.withLock({ $0 }) else { throw TestKitError("nothing was started") }
        return try result.get()
    }

    private static func spawnHere(_ command: [String], output: String) -> Result<pid_t, TestKitError> {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Sockets of tests that run beside this one would stay open in the server, however well they are closed here.
        unsafe duet_spawn_close_from(&actions, 3)
        // A thread of a test runner may have signals blocked or ignored; a server that inherits that can't be told to end.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let arguments = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        var identifier: pid_t = 0
        let status = unsafe posix_spawn(&identifier, command[0], &actions, &attributes, arguments, environ)
        return status == 0 ? .success(identifier) : .failure(TestKitError("\(command[0]): \(unsafe String(cString: strerror(status)))"))
    }
}

private final class ResultBox: Sendable {
    let value = Mutex<Result<pid_t, TestKitError>?>(nil)
}
