internal import CLinux
internal import Glibc
internal import Synchronization

/// The thread behind an ``EventLoop``; it retains this object, not the loop, so that the loop's end can end the thread.
///
/// `@unchecked Sendable`: the queue is behind a mutex; `handlers`, `timers` and `turnEnders` are touched by whoever has the turn,
/// which `EventLoop.checkIsolated` enforces.
final class LoopThread: @unchecked Sendable {
    enum Work: Sendable {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct Queue {
        var work: [Work] = []
        var isSleeping = false
        var isStopping = false
    }

    private struct Timer {
        let deadline: MonotonicTime
        let id: UInt64
        let body: @Sendable () -> Void
    }

    private let name: String
    private let executor = Mutex<UnownedLoop?>(nil)
    private let queue = Mutex(Queue())
    private let turn = Turn()
    private let epoll: Int32
    private let doorbell: Int32
    private var handlers: [UInt64: @Sendable (Readiness) -> Void] = [:]
    private var timers: [Timer] = []
    private var turnEnders: [@Sendable () -> Void] = []
    private var lastID: UInt64 = 0
    /// Until when the thread waits, as long as nothing rings.
    private var sleepsUntil: MonotonicTime?

    init(name: String) throws(ReactorError) {
        self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        self.epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard self.epoll >= 0 else { throw ReactorError("epoll_create1") }
        self.doorbell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard self.doorbell >= 0 else {
            let error = ReactorError("eventfd")
            close(self.epoll)
            throw error
        }
        try self.control(EPOLL_CTL_ADD, self.doorbell, interest: .readable, id: 0)
    }

    deinit {
        close(self.doorbell)
        close(self.epoll)
    }

    func start(on executor: UnownedLoop) throws(ReactorError) {
        self.executor.withLock { $0 = executor }
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe pthread_create(&thread, nil, { unsafe loopThreadMain($0) }, context)
        guard status == 0 else {
            unsafe Unmanaged<LoopThread>.fromOpaque(context).release()
            throw ReactorError("pthread_create", number: status)
        }
        pthread_detach(thread)
    }

    // MARK: Any thread

    func submit(_ work: Work) {
        let mustWake = self.queue.withLock { queue in
            queue.work.append(work)
            defer { queue.isSleeping = false }
            return queue.isSleeping
        }
        if mustWake { self.ring() }
    }

    func stop() {
        self.queue.withLock { $0.isStopping = true }
        self.ring()
    }

    /// - Returns: `false`, and nothing was done, if the thread is busy or has work.
    func performNow(_ body: () -> Void) -> Bool {
        guard self.turn.takeIfFree() else { return false }
        // What was submitted before comes first.
        guard self.queue.withLock({ $0.isSleeping }) else {
            self.turn.giveBack()
            // The thread may have looked for the turn and the work in between.
            return false
        }
        body()
        self.endTurn()
        let isEarlier = self.timers.lazy.map { $0.deadline }.min().map { next in self.sleepsUntil.map { next < $0 } ?? true } ?? false
        self.turn.giveBack()
        if isEarlier { self.ring() }
        return true
    }

    var isCurrent: Bool { self.turn.isMine }

    private func ring() { eventfd_write(self.doorbell, 1) }

    // MARK: The thread

    func run() {
        unsafe duet_set_thread_name(self.name)
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 64)
        var work: [Work] = []
        self.turn.take()
        defer { self.turn.giveBack() }
        while true {
            self.queue.withLock { swap(&$0.work, &work) }
            self.perform(work)
            work.removeAll(keepingCapacity: true)
            self.fireTimers()
            self.endTurn()
            let timeout = self.timeoutMilliseconds()
            let (mustPoll, isStopping) = self.queue.withLock { queue in
                queue.isSleeping = queue.work.isEmpty
                return (!queue.work.isEmpty, queue.isStopping && queue.work.isEmpty)
            }
            if isStopping { return }
            self.turn.giveBack()
            let count = unsafe epoll_wait(self.epoll, &events, Int32(events.count), mustPoll ? 0 : timeout)
            self.turn.take()
            self.queue.withLock { $0.isSleeping = false }
            for index in 0..<Int(max(0, count)) { unsafe self.dispatch(events[index]) }
        }
    }

    private func perform(_ work: [Work]) {
        guard !work.isEmpty, let loop = self.executor.withLock({ $0 }) else { return }
        for item in work {
            switch item {
            case .job(let job): unsafe job.runSynchronously(on: loop.executor)
            case .closure(let body): body()
            }
        }
    }

    private func endTurn() {
        while !self.turnEnders.isEmpty {
            let turnEnders = self.turnEnders
            self.turnEnders.removeAll(keepingCapacity: true)
            for body in turnEnders { body() }
        }
    }

    private func dispatch(_ event: epoll_event) {
        let id = unsafe event.data.u64
        if id == 0 {
            var rings: UInt64 = 0
            unsafe eventfd_read(self.doorbell, &rings)
        } else if let handler = self.handlers[id] {
            handler(unsafe Readiness(epoll: event.events))
        }
    }

    private func fireTimers() {
        guard !self.timers.isEmpty else { return }
        let now = MonotonicTime.now
        let due = self.timers.filter { $0.deadline <= now }.sorted { $0.deadline < $1.deadline }
        guard !due.isEmpty else { return }
        for timer in due {
            // A timer may have been cancelled by one that fired before it.
            guard let index = self.timers.firstIndex(where: { $0.id == timer.id }) else { continue }
            self.timers.remove(at: index)
            timer.body()
        }
    }

    /// Rounded up, so that the loop never wakes just before a deadline; −1 waits for ever.
    private func timeoutMilliseconds() -> Int32 {
        self.sleepsUntil = self.timers.lazy.map { $0.deadline }.min()
        guard let next = self.sleepsUntil else { return -1 }
        let nanoseconds = max(0, next.nanoseconds - MonotonicTime.now.nanoseconds)
        return Int32(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1))
    }

    // MARK: Registrations and timers, on the thread

    func register(
        descriptor: Int32, interest: Readiness, handler: @escaping @Sendable (Readiness) -> Void
    ) throws(ReactorError) -> EventLoop.Registration {
        self.lastID += 1
        try self.control(EPOLL_CTL_ADD, descriptor, interest: interest, id: self.lastID)
        self.handlers[self.lastID] = handler
        return EventLoop.Registration(id: self.lastID, descriptor: descriptor)
    }

    func update(_ registration: EventLoop.Registration, interest: Readiness) throws(ReactorError) {
        try self.control(EPOLL_CTL_MOD, registration.descriptor, interest: interest, id: registration.id)
    }

    func deregister(_ registration: EventLoop.Registration) {
        guard self.handlers.removeValue(forKey: registration.id) != nil else { return }
        var unused = unsafe epoll_event()
        unsafe epoll_ctl(self.epoll, EPOLL_CTL_DEL, registration.descriptor, &unused)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, interest: Readiness, id: UInt64) throws(ReactorError) {
        var event = unsafe epoll_event()
        unsafe event.events = interest.epoll
        unsafe event.data.u64 = id
        guard unsafe epoll_ctl(self.epoll, operation, descriptor, &event) == 0 else { throw ReactorError("epoll_ctl") }
    }

    func atEndOfTurn(_ body: @escaping @Sendable () -> Void) { self.turnEnders.append(body) }

    func schedule(at deadline: MonotonicTime, _ body: @escaping @Sendable () -> Void) -> EventLoop.TimerID {
        self.lastID += 1
        self.timers.append(Timer(deadline: deadline, id: self.lastID, body: body))
        return EventLoop.TimerID(value: self.lastID)
    }

    func cancel(_ timer: EventLoop.TimerID) {
        self.timers.removeAll { $0.id == timer.value }
    }
}

/// Runs the loop with every signal blocked: handlers belong to other threads, and a write to a closed socket answers EPIPE here.
private func loopThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    let thread = unsafe Unmanaged<LoopThread>.fromOpaque(context).takeRetainedValue()
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    unsafe pthread_sigmask(SIG_SETMASK, &signals, nil)
    thread.run()
    return nil
}
