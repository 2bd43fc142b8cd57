/// One thread that waits for file descriptors and timers, and is the executor of the actors that own them.
///
/// C libraries with non-blocking sockets live here: an actor names the loop as its `unownedExecutor`, registers its descriptors from there,
/// and gets its handlers called on the same thread, where `assumeIsolated` holds. Nothing of it ever runs on the cooperative pool.
/// The thread ends with the last reference to the loop.
///
/// The loop's turn is a lock, which its thread gives back while it waits: ``perform(_:)`` takes it to do a little at once on the caller's
/// thread, which saves waking the loop's. One thread has the turn at any moment, and that is all the isolation of the actors needs.
public final class EventLoop: SerialExecutor {
    private let thread: LoopThread

    /// - Parameter name: Of the thread; the kernel keeps its first 15 bytes.
    /// - Throws: ``ReactorError`` if the system gives no descriptor or thread.
    public init(name: String) throws(ReactorError) {
        self.thread = try LoopThread(name: name)
        let executor = unsafe UnownedLoop(executor: self.asUnownedSerialExecutor())
        try self.thread.start(on: executor)
    }

    deinit { self.thread.stop() }

    // MARK: From any thread

    public func enqueue(_ job: consuming ExecutorJob) {
        self.thread.submit(.job(UnownedJob(job)))
    }

    /// Runs `body` on the loop, after what was submitted before.
    public func execute(_ body: @escaping @Sendable () -> Void) {
        self.thread.submit(.closure(body))
    }

    /// Runs `body` at once on the calling thread if the loop has nothing to do, else like ``execute(_:)``: then it may have run when this
    /// returns, or not. For what is short and doesn't wait: the loop can do nothing else meanwhile.
    ///
    /// Only closures run this way, never jobs: a task must not go on inside the call that makes it ready, which may hold locks of the
    /// task's own.
    public func perform(_ body: @escaping @Sendable () -> Void) {
        if !self.thread.performNow(body) { self.thread.submit(.closure(body)) }
    }

    /// Whether the calling thread has the loop's turn.
    public var isCurrent: Bool { self.thread.isCurrent }

    public func checkIsolated() {
        precondition(self.isCurrent, "called from outside the event loop's thread")
    }

    // MARK: On the loop only

    /// Watches a descriptor, level-triggered. It must be deregistered before it is closed.
    public func register(
        descriptor: Int32, interest: Readiness, handler: @escaping @Sendable (Readiness) -> Void
    ) throws(ReactorError) -> Registration {
        self.checkIsolated()
        return try self.thread.register(descriptor: descriptor, interest: interest, handler: handler)
    }

    public func update(_ registration: Registration, interest: Readiness) throws(ReactorError) {
        self.checkIsolated()
        try self.thread.update(registration, interest: interest)
    }

    /// No handler of this registration is called after this returns.
    public func deregister(_ registration: Registration) {
        self.checkIsolated()
        self.thread.deregister(registration)
    }

    /// Calls `body` once, after what the loop has at hand and before it waits again: the place to write what many callers have queued.
    public func atEndOfTurn(_ body: @escaping @Sendable () -> Void) {
        self.checkIsolated()
        self.thread.atEndOfTurn(body)
    }

    /// Calls `body` once, not before `delay` has passed.
    public func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> TimerID {
        self.checkIsolated()
        return self.thread.schedule(at: MonotonicTime.now.advanced(by: delay), body)
    }

    public func cancel(_ timer: TimerID) {
        self.checkIsolated()
        self.thread.cancel(timer)
    }
}

extension EventLoop {
    /// A watched descriptor.
    public struct Registration: Hashable, Sendable {
        let id: UInt64
        let descriptor: Int32
    }

    public struct TimerID: Hashable, Sendable {
        let value: UInt64
    }
}

/// The executor reference that jobs run under. Jobs only exist while an actor retains the loop, so it never dangles when used.
@safe struct UnownedLoop: Sendable {
    let executor: UnownedSerialExecutor
}
