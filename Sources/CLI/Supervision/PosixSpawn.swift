import CLinux
import Glibc

/// `posix_spawn` with what a supervisor needs.
enum PosixSpawn {
    /// - Parameter input: Read by the program as its standard input.
    static func start(_ spec: ProcessSpec, input inputFile: String = "/dev/null") throws(SupervisionError) -> SpawnedProcess {
        let log = FileSystem.open(spec.logFile, O_WRONLY | O_CREAT | O_APPEND)
        guard log >= 0 else { throw .system("\(spec.name)'s log \(spec.logFile) can't be opened", code: .spawnFailed) }
        defer { close(log) }
        let input = FileSystem.open(inputFile, O_RDONLY)
        guard input >= 0 else { throw .system("\(inputFile) can't be opened", code: .spawnFailed) }
        defer { close(input) }

        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, log, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO)
        for (index, descriptor) in spec.inheritedDescriptors.enumerated() {
            // A copy clears close-on-exec, also (since glibc 2.29) where source and target are the same.
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(3 + index))
        }
        // What a library of ours opened without close-on-exec stays here.
        unsafe duet_spawn_close_from(&actions, Int32(3 + spec.inheritedDescriptors.count))

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)  // A group of its own: Ctrl-C reaches the supervisor alone.
        let setSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which glibc declares for GNU sources only.
        let group = spec.startsSession ? setSession : Int32(POSIX_SPAWN_SETPGROUP)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(group | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))

        var pid: pid_t = 0
        let environment = spec.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let status = unsafe Self.withStrings([spec.executable] + spec.arguments) { arguments in
            unsafe Self.withStrings(environment) { environment in
                unsafe posix_spawn(&pid, spec.executable, &actions, &attributes, arguments, environment)
            }
        }
        guard status == 0 else { throw .system("\(spec.name) can't be started from \(spec.executable)", code: .spawnFailed, error: status) }
        return SpawnedProcess(child: pid)
    }

    /// The strings as C wants them: pointers, ended by a null pointer; freed after `body`.
    private static func withStrings(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Int32) -> Int32 {
        let pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(pointers)
    }
}
