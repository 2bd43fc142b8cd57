internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread that runs short jobs in order, at once or at an instant of the monotonic clock.
///
/// nng's callbacks may neither abort nor close anything, so they leave that to such a thread; and nng's own timers follow the
/// wall clock, so deadlines are kept here. Lives as long as the process.
final class SerialThread: Sendable {
    /// Deadlines and cancellations of calls: only jobs that never block.
    static let calls = SerialThread(name: "mesh-calls")
    /// Opens, dials and closes sockets, so that this never happens twice at a time.
    static let control = SerialThread(name: "mesh-control")

    typealias Job = @Sendable () -> Void

    private struct State {
        var ready: [Job] = []
        var timed = TimerHeap<Job>()
        /// When the thread wakes by itself; 0 while it is awake.
        var wakesAt: UInt64 = 0
    }

    private let state = Mutex(State())
    private let wake: Int32

    init(name: String) {
        self.wake = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(self.wake >= 0, "No file descriptor is left for the thread \(name).")
        PosixThread.start(name: name) { [self] in self.run() }
    }

    func run(_ job: @escaping Job) {
        let sleeps = self.state.withLock { state in
            state.ready.append(job)
            defer { state.wakesAt = 0 }
            return state.wakesAt != 0
        }
        if sleeps { self.signal() }
    }

    func run(at deadline: Deadline, _ job: @escaping Job) {
        let sleepsTooLong = self.state.withLock { state in
            state.timed.push(at: deadline.nanoseconds, job)
            guard deadline.nanoseconds < state.wakesAt else { return false }
            state.wakesAt = 0
            return true
        }
        if sleepsTooLong { self.signal() }
    }

    /// Runs a job there and returns what it returns.
    func perform<R: Sendable>(_ job: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in
            self.run { continuation.resume(returning: job()) }
        }
    }

    private func signal() {
        _ = eventfd_write(self.wake, 1)
    }

    private func run() {
        while true {
            let (jobs, next) = self.state.withLock { state in
                var jobs = state.ready
                state.ready.removeAll()
                let now = Deadline.now.nanoseconds
                while let job = state.timed.pop(dueAt: now) { jobs.append(job) }
                let next = state.timed.next ?? .max
                state.wakesAt = jobs.isEmpty ? next : 0
                return (jobs, next)
            }
            guard jobs.isEmpty else {
                for job in jobs { job() }
                continue
            }
            self.sleep(until: next)
        }
    }

    private func sleep(until instant: UInt64) {
        var descriptor = pollfd(fd: self.wake, events: Int16(POLLIN), revents: 0)
        let now = Deadline.now.nanoseconds
        // Whole milliseconds, upwards: a deadline is never early, and late by less than one.
        let rest = instant == .max ? -1 : Int32(clamping: (max(instant, now) - now + 999_999) / 1_000_000)
        _ = unsafe poll(&descriptor, 1, rest)
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(self.wake, &count)
    }
}

/// A binary heap of what is due when.
struct TimerHeap<Element> {
    private var entries: [(instant: UInt64, element: Element)] = []

    var next: UInt64? { self.entries.first?.instant }

    mutating func push(at instant: UInt64, _ element: Element) {
        self.entries.append((instant, element))
        var index = self.entries.count - 1
        while index > 0, self.entries[index].instant < self.entries[(index - 1) / 2].instant {
            self.entries.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func pop(dueAt now: UInt64) -> Element? {
        guard let first = self.entries.first, first.instant <= now else { return nil }
        self.entries.swapAt(0, self.entries.count - 1)
        self.entries.removeLast()
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < self.entries.count {
                if self.entries[child].instant < self.entries[smallest].instant { smallest = child }
            }
            if smallest == index { return first.element }
            self.entries.swapAt(index, smallest)
            index = smallest
        }
    }
}

/// Starts threads of our own.
enum PosixThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread; every signal is blocked in it, so that they go to the thread that waits for them.
    ///
    /// - Parameter name: At most 15 bytes are kept.
    static func start(name: String, _ run: @escaping @Sendable () -> Void) {
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let body = unsafe Unmanaged.passRetained(
            Body {
                self.setName(name)
                run()
            }
        ).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { body in
                if let body = unsafe body { unsafe Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
                return nil
            }, body)
        precondition(status == 0, "The system starts no thread \(name): error \(status).")
        pthread_detach(thread)
    }

    /// The kernel's name of the calling thread, for `top` and debuggers. (Glibc's own function is behind `_GNU_SOURCE`.)
    private static func setName(_ name: String) {
        let descriptor = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        let bytes = Array(name.utf8.prefix(15))
        _ = unsafe write(descriptor, bytes, bytes.count)
        close(descriptor)
    }
}
