internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread that runs short jobs in order, at once or at an instant of the monotonic clock.
///
/// nng's callbacks may neither abort nor close anything, so they leave that to such a thread; and nng's own timers follow the
/// wall clock, so deadlines are kept here. A timer is set without waking the thread: the kernel is told when to. Lives as long as the
/// process.
final class SerialThread: Sendable {
    /// Deadlines and cancellations of calls: only jobs that never block.
    static let calls = SerialThread(name: "mesh-calls")
    /// Opens, dials and closes sockets, so that this never happens twice at a time.
    static let control = SerialThread(name: "mesh-control")

    typealias Job = @Sendable () -> Void

    private struct State {
        var ready: [Job] = []
        var timers = TimerQueue<Job>()
    }

    private let state = Mutex(State())
    private let wake: Int32
    private let alarm: Int32

    init(name: String) {
        self.wake = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        self.alarm = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK))
        precondition(self.wake >= 0 && self.alarm >= 0, "No file descriptor is left for the thread \(name).")
        PosixThread.start(name: name) { [self] in self.run() }
    }

    func run(_ job: @escaping Job) {
        let isFirstWhileAsleep = self.state.withLock { state in
            state.ready.append(job)
            return state.ready.count == 1 && state.timers.isAsleep
        }
        if isFirstWhileAsleep { _ = eventfd_write(self.wake, 1) }
    }

    func run(at deadline: Deadline, _ job: @escaping Job) {
        self.state.withLock { state in
            // Under the lock, lest a later alarm take the place of an earlier one.
            if let instant = state.timers.push(at: deadline.nanoseconds, job) { self.wind(to: instant) }
        }
    }

    /// Runs a job there and returns what it returns.
    func perform<R: Sendable>(_ job: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in
            self.run { continuation.resume(returning: job()) }
        }
    }

    private func run() {
        while true {
            let jobs = self.state.withLock { state in
                var jobs = state.ready
                state.ready.removeAll()
                let now = Deadline.now.nanoseconds
                while let job = state.timers.pop(dueAt: now) { jobs.append(job) }
                if jobs.isEmpty, let instant = state.timers.sleep() { self.wind(to: instant) }
                return jobs
            }
            for job in jobs { job() }
            if jobs.isEmpty { self.sleep() }
        }
    }

    private func sleep() {
        var waiting = [self.wake, self.alarm].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = unsafe poll(&waiting, nfds_t(waiting.count), -1)
        var count: eventfd_t = 0
        if waiting[0].revents != 0 { _ = unsafe eventfd_read(self.wake, &count) }
        self.state.withLock { state in
            // Under the lock, as it may be wound again at any time, and then hasn't rung.
            var rings: UInt64 = 0
            state.timers.wake(rang: unsafe read(self.alarm, &rings, 8) == 8)
        }
    }

    /// Has the kernel wake the thread at an instant of the monotonic clock.
    private func wind(to instant: UInt64) {
        guard instant < UInt64(Int64.max) else { return }
        let now = Deadline.now.nanoseconds
        // What is due by now rings at once; nothing at all would be no alarm.
        let rest = instant > now ? instant - now : 1
        let time = timespec(tv_sec: Int(rest / 1_000_000_000), tv_nsec: Int(rest % 1_000_000_000))
        var setting = itimerspec(it_interval: timespec(), it_value: time)
        _ = unsafe timerfd_settime(self.alarm, 0, &setting, nil)
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
