internal import CLinux
internal import Glibc
internal import Synchronization

/// Closes sockets on a thread of its own, and waits for that only so long.
///
/// A peer that connects and leaves at once can stop the one thread on which nng 1.5 takes connections apart; from then on no close
/// returns in this process. Calls go on, and so must the thread that opens sockets: what can't be closed is left.
final class SocketCloser: Sendable {
    static let shared = SocketCloser()

    private static let patience: Int32 = 1000

    private let thread = SerialThread(name: "mesh-close")
    private let isStuck = Atomic(false)
    private let closed: Int32

    private init() {
        self.closed = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(self.closed >= 0, "No file descriptor is left for closing sockets.")
    }

    /// Runs on ``SerialThread/control``.
    func close(_ close: @escaping @Sendable () -> Void) {
        self.thread.run { [self] in
            close()
            self.isStuck.store(false, ordering: .relaxed)
            _ = eventfd_write(self.closed, 1)
        }
        if self.isStuck.load(ordering: .relaxed) { return }
        var descriptor = pollfd(fd: self.closed, events: Int16(POLLIN), revents: 0)
        let ready = unsafe poll(&descriptor, 1, Self.patience)
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(self.closed, &count)
        if ready == 0 { self.isStuck.store(true, ordering: .relaxed) }
    }
}
