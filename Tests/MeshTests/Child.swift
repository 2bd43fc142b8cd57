import CLinux
import Glibc
import Testing

/// A process that a test starts and outlives.
struct Child: ~Copyable {
    let pid: pid_t

    /// - Parameter environment: Added to this process's own.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:], quiet: Bool = false) throws {
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        var variables: [String] = environment.map { "\($0)=\($1)" }
        var own = unsafe environ
        while let entry = unsafe own.pointee {
            let text = unsafe String(cString: entry)
            if !environment.keys.contains(where: { text.hasPrefix("\($0)=") }) { variables.append(text) }
            unsafe own += 1
        }
        var pairs = unsafe variables.map { unsafe strdup($0) } + [nil]
        defer {
            unsafe words.forEach { unsafe free($0) }
            unsafe pairs.forEach { unsafe free($0) }
        }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // A connection of another test, which runs meanwhile, must not live on in the child: its peer would wait for the end of it.
        try #require(unsafe duet_spawn_close_from(&actions, STDERR_FILENO + 1) == 0)
        if quiet {
            for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
                unsafe posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
            }
        }
        var pid: pid_t = 0
        let status = unsafe posix_spawn(&pid, program, &actions, nil, &words, &pairs)
        try #require(status == 0, "\(program) can't be started")
        self.pid = pid
    }

    /// This test program again, with one test.
    ///
    /// Through `env`, as libfaketime changes the environment of the first program that it is loaded into, and Swift finds a program's
    /// arguments beside its environment.
    static func test(_ name: String, environment: [String: String]) throws -> Child {
        var path = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        try #require(count > 0)
        let program = String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return try Child(
            "/usr/bin/env", [program, "--testing-library", "swift-testing", "--filter", name], environment: environment, quiet: true)
    }

    func kill(_ signal: Int32 = SIGKILL) { _ = Glibc.kill(self.pid, signal) }

    /// - Returns: Its exit status, or the negative number of the signal that ended it.
    consuming func wait() -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(self.pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }
}
