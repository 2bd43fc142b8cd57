internal import Glibc
internal import Synchronization

/// Threads for work that computes for long or blocks, first come, first served.
public final class ThreadPoolExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var head = 0
        var idle = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakes: Semaphore

    /// - Parameter threads: At least 1; 0: one for each core.
    public init(name: String, threads: Int = 0) {
        self.wakes = Semaphore()
        let count = Self.count(threads)
        // The threads hold the state, not this object, but jobs hold the executor; `stop` ends them.
        for index in 0..<count { PosixThread.start(name: "\(name)-\(index)") { [self] in self.run() } }
    }

    /// How many threads that number asks for.
    static func count(_ threads: Int) -> Int {
        threads > 0 ? threads : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wakes = self.state.withLock { state in
            state.jobs.append(job)
            guard state.idle > 0 else { return false }
            state.idle -= 1
            return true
        }
        if wakes { self.wakes.signal() }
    }

    /// Ends the threads once nothing is queued. Nothing may be enqueued afterwards.
    func stop() {
        let idle = self.state.withLock { state in
            state.isStopped = true
            defer { state.idle = 0 }
            return state.idle
        }
        for _ in 0..<idle { self.wakes.signal() }
    }

    private func run() {
        while true {
            enum Next {
                case job(UnownedJob)
                case wait
                case stop
            }
            let next: Next = self.state.withLock { state in
                if state.head < state.jobs.count {
                    let job = state.jobs[state.head]
                    state.head += 1
                    if state.head == state.jobs.count {
                        state.jobs.removeAll(keepingCapacity: true)
                        state.head = 0
                    }
                    return .job(job)
                }
                if state.isStopped { return .stop }
                state.idle += 1
                return .wait
            }
            switch next {
            case .job(let job): unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
            case .wait: self.wakes.wait()
            case .stop: return
            }
        }
    }
}

/// A POSIX semaphore.
@safe final class Semaphore: @unchecked Sendable {
    // Sendable, because a semaphore is made to be shared, and the pointer never changes.
    private let handle: UnsafeMutablePointer<sem_t>

    init() {
        unsafe self.handle = .allocate(capacity: 1)
        unsafe sem_init(self.handle, 0, 0)
    }

    deinit {
        unsafe sem_destroy(self.handle)
        unsafe self.handle.deallocate()
    }

    func signal() { unsafe sem_post(self.handle) }

    func wait() {
        while unsafe sem_wait(self.handle) != 0 {}  // A signal handler may end it early.
    }
}
