internal import CLinux
internal import Glibc

/// A thread that waits for changes of a directory by inotify, and looks now and then for processes that died silently.
final class DirectoryWatcher: Sendable {
    /// Between two looks without a change: how long an entry of a killed process may stay unnoticed where nobody calls it.
    private static let rescanMilliseconds: Int32 = 2_000

    private let inotify: Int32
    private let wakeUp: Int32

    init(directory: MeshDirectory) throws(MeshError) {
        let inotify = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        let wakeUp = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        let events = UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE)
        guard inotify >= 0, wakeUp >= 0, unsafe inotify_add_watch(inotify, directory.path, events) >= 0 else {
            let reason = unsafe String(cString: strerror(errno))
            if inotify >= 0 { close(inotify) }
            if wakeUp >= 0 { close(wakeUp) }
            throw MeshError(.failedPrecondition, "can't watch the mesh directory \(directory.path): \(reason)")
        }
        self.inotify = inotify
        self.wakeUp = wakeUp
    }

    deinit {
        close(self.inotify)
        close(self.wakeUp)
    }

    /// - Parameter scan: Runs on the watcher's thread after each change; `false` ends the thread.
    func start(_ scan: @escaping @Sendable () -> Bool) {
        PosixThread.start(name: "mesh-discovery") { [self] in
            while self.waitForChange(), scan() {}
        }
    }

    func wake() {
        _ = eventfd_write(self.wakeUp, 1)
    }

    /// Ends the thread; the descriptors are closed when it has let go of the watcher.
    func stop() {
        _ = eventfd_write(self.wakeUp, Self.stopped)
    }

    /// More than any number of wake-ups adds up to.
    private static let stopped: eventfd_t = 1 << 40

    private func waitForChange() -> Bool {
        var descriptors = [
            pollfd(fd: self.inotify, events: Int16(POLLIN), revents: 0), pollfd(fd: self.wakeUp, events: Int16(POLLIN), revents: 0),
        ]
        _ = unsafe poll(&descriptors, 2, Self.rescanMilliseconds)
        var wakes: eventfd_t = 0
        if unsafe eventfd_read(self.wakeUp, &wakes) == 0, wakes >= Self.stopped { return false }
        // Which entry changed doesn't matter: the directory is small and read anew.
        var events = [UInt8](repeating: 0, count: 4096)
        while unsafe read(self.inotify, &events, events.count) > 0 {}
        return true
    }
}
