internal import CNng
internal import Synchronization

/// A context and an operation of one socket, used for one call after the other, for ever.
///
/// A call ends exactly once: by its reply, its deadline, its cancellation or the loss of the connection. Whatever ends it early
/// only notes why; the operation is aborted by ``SerialThread/calls``, never on nng's threads, and the callback that follows
/// resumes the caller.
final class CallSlot: Sendable {
    /// How a call ended.
    enum Outcome: Sendable {
        case reply(RawMessage)
        case failure(MeshError)
    }

    private enum Phase {
        case idle, sending, receiving
    }

    private enum Stop {
        case cancelled, deadlineExceeded, connectionLost, substituted
    }

    /// The continuation is resumed where ``operationEnded()`` takes it out, once.
    @safe private struct State {
        var phase = Phase.idle
        /// Counts the calls, so that an abort that is late doesn't hit the next one.
        var generation: UInt64 = 0
        var deadline = Deadline.never
        var stop: Stop?
        var continuation: UnsafeContinuation<Outcome, Never>?
        var hedge: Hedge?
        /// When the hedge wants to be fired.
        var hedgeDue = Deadline.never
        /// What the caller gets instead of a reply over this slot.
        var substitute: RawMessage?
        /// When the earliest timer of this slot fires. A slot needs one timer, not one for each call: one that fires early finds a later
        /// call and waits on for that, so that calls that are over soon cost no waking.
        var timer: Deadline?
    }

    private let context: Socket.Context
    private let operation: AsynchronousOperation
    /// Sends while the connection is free, which mostly it is: the receive then starts on the caller's thread.
    private let sending: AsynchronousOperation
    /// The server runs on another machine, whose clock is another.
    private let isRemote: Bool
    private let state = Mutex(State())

    init(socket: Socket, isRemote: Bool = false) throws(MeshError) {
        self.isRemote = isRemote
        self.context = try socket.context()
        self.operation = try AsynchronousOperation()
        self.sending = try .silent()
        self.operation.whenEnded { [self] in self.operationEnded() }
    }

    /// Sends a call and waits for the reply.
    ///
    /// - Parameters:
    ///   - hedge: Told when it is time for it.
    ///   - isConnected: Whether there is a connection; asked again once the message is handed over, as nng would keep it for a
    ///     connection that may never come.
    func call(
        _ message: consuming MessageBuffer, deadline: Deadline, hedge: (Hedge, due: Deadline)? = nil, isConnected: @Sendable () -> Bool
    ) async throws(MeshError) -> MessageBuffer {
        var message = message
        if self.isRemote {
            // Writing into memory can't fail; the closure's type says otherwise.
            try? unsafe message.withMutableBytes { unsafe Envelope.makeRelative($0, deadline: deadline, at: .now) }
        }
        let raw = RawMessage(message)
        let generation = self.state.withLock { state in
            state.generation += 1
            state.stop = nil
            return state.generation
        }
        let outcome = await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { continuation in
                unsafe self.start(raw, deadline: deadline, hedge, continuation)
                if !isConnected() { self.connectionLost() }
            }
        } onCancel: {
            self.stop(.cancelled, generation)
        }
        switch outcome {
        case .reply(let message): return message.take()
        case .failure(let error): throw error
        }
    }

    /// Ends the call that is under way with a reply that came over another slot.
    ///
    /// - Returns: Whether it takes the message: not when the call is over.
    func substitute(_ reply: RawMessage) -> Bool {
        let generation = self.state.withLock { state -> UInt64? in
            guard state.phase != .idle, state.stop == nil else { return nil }
            state.stop = .substituted
            state.substitute = reply
            return state.generation
        }
        guard let generation else { return false }
        self.abortLater(generation)
        return true
    }

    /// Gives up a message that waits for a connection. A call that waits for its reply is told so by nng itself.
    func connectionLost() {
        let generation = self.state.withLock { $0.phase == .sending ? $0.generation : nil }
        if let generation { self.stop(.connectionLost, generation) }
    }

    private func start(
        _ message: RawMessage, deadline: Deadline, _ hedge: (Hedge, due: Deadline)?, _ continuation: UnsafeContinuation<Outcome, Never>
    ) {
        enum Start {
            case send(timer: Deadline?)
            case refuse(MeshError)
        }
        let start: Start = self.state.withLock { state in
            if state.stop != nil { return .refuse(Self.error(.cancelled)) }
            if deadline.isExpired { return .refuse(Self.error(.deadlineExceeded)) }
            state.phase = .sending
            state.deadline = deadline
            state.hedge = hedge?.0
            state.hedgeDue = hedge?.due ?? .never
            unsafe state.continuation = continuation
            return .send(timer: Self.timerNeeded(&state))
        }
        switch start {
        case .refuse(let error):
            _ = message.take()
            unsafe continuation.resume(returning: .failure(error))
        case .send(let timer):
            if let timer { self.startTimer(timer) }
            if let waiting = self.sending.sendAtOnce(message.take(), over: self.context) {
                self.operation.send(waiting, over: self.context)
                self.abortIfStopped()
            } else {
                self.sent()
            }
        }
    }

    /// The request is on its way: by now a receive is safe, which nng 1.5 loses while a send is pending.
    private func sent() {
        guard self.startsReceiving() else { return self.end(.aborted, nil) }
        self.operation.receive(over: self.context)
        // A stop that came between the two operations found nothing to abort.
        self.abortIfStopped()
    }

    /// Runs on nng's threads.
    private func operationEnded() {
        let outcome = self.operation.outcome
        if case .success = outcome, self.state.withLock({ $0.phase == .sending }) { return self.sent() }
        // After a failed send this is our own message, which nng hands back; then it is freed here.
        self.end(outcome, self.operation.takeMessage())
    }

    private func end(_ outcome: AsynchronousOperation.Outcome, _ message: consuming MessageBuffer?) {
        let (continuation, stop, substitute) = unsafe self.state.withLock { state in
            defer {
                state.phase = .idle
                unsafe state.continuation = nil
                state.substitute = nil
                state.hedge = nil
                state.hedgeDue = .never
            }
            return unsafe (state.continuation, state.stop, state.substitute)
        }
        guard let continuation = unsafe continuation else { return }
        if case .success = outcome, let message {
            _ = substitute?.take()
            unsafe continuation.resume(returning: .reply(RawMessage(message)))
        } else if let substitute {
            unsafe continuation.resume(returning: .reply(substitute))
        } else {
            unsafe continuation.resume(returning: .failure(Self.error(stop, outcome)))
        }
    }

    private func startsReceiving() -> Bool {
        self.state.withLock { state in
            guard state.phase == .sending, state.stop == nil else { return false }
            state.phase = .receiving
            return true
        }
    }

    // MARK: Stopping

    private func stop(_ stop: Stop, _ generation: UInt64) {
        let aborts = self.state.withLock { state in
            guard state.generation == generation, state.stop == nil else { return false }
            state.stop = stop
            return state.phase != .idle
        }
        if aborts { self.abortLater(generation) }
    }

    private func abortIfStopped() {
        let generation = self.state.withLock { $0.stop != nil && $0.phase != .idle ? $0.generation : nil }
        if let generation { self.abortLater(generation) }
    }

    private func abortLater(_ generation: UInt64) {
        SerialThread.calls.run { [self] in
            // Under the lock, so that the call can't end and the next begin meanwhile; nng calls back on another thread.
            self.state.withLock { state in
                if state.generation == generation, state.stop != nil, state.phase != .idle { self.operation.abort() }
            }
        }
    }

    // MARK: The deadline and the hedge

    /// - Returns: What to set a timer to; `nil`: there is one that fires early enough.
    private static func timerNeeded(_ state: inout State) -> Deadline? {
        let next = min(state.deadline, state.hedgeDue)
        guard next < state.timer ?? .never else { return nil }
        state.timer = next
        return next
    }

    private func startTimer(_ instant: Deadline) {
        SerialThread.calls.run(at: instant) { [self] in self.timerFired(instant) }
    }

    private func timerFired(_ instant: Deadline) {
        enum Step {
            case none
            case wait(Deadline?)
            case fire(Hedge, UInt64)
            case expire(UInt64)
        }
        let now = Deadline.now
        let step = self.state.withLock { state -> Step in
            if state.timer == instant { state.timer = nil }
            guard state.phase != .idle else { return .none }
            if state.deadline <= now { return .expire(state.generation) }
            guard state.hedgeDue <= now, let hedge = state.hedge else { return .wait(Self.timerNeeded(&state)) }
            state.hedgeDue = .never
            return .fire(hedge, state.generation)
        }
        switch step {
        case .none: break
        case .wait(let timer): if let timer { self.startTimer(timer) }
        case .expire(let generation): self.stop(.deadlineExceeded, generation)
        case .fire(let hedge, let generation):
            let next = hedge.fire(at: now) ?? .never
            let timer = self.state.withLock { state -> Deadline? in
                guard state.phase != .idle else { return nil }
                if state.generation == generation { state.hedgeDue = next }
                return Self.timerNeeded(&state)
            }
            if let timer { self.startTimer(timer) }
        }
    }

    private static func error(_ stop: Stop?, _ outcome: AsynchronousOperation.Outcome = .aborted) -> MeshError {
        switch (stop, outcome) {
        case (.cancelled, _), (.substituted, _): MeshError(.cancelled, "the caller gave up")
        case (.deadlineExceeded, _): MeshError(.deadlineExceeded, "no reply came in time")
        case (.connectionLost, _), (nil, .connectionLost): MeshError(.unavailable, "the connection was lost before the reply")
        case (nil, .closed), (nil, .aborted): MeshError(.unavailable, "the client is shut down")
        case (nil, .success): MeshError(.internal, "nng gave no message")
        case (nil, .failure(let reason)): MeshError(.unavailable, reason)
        }
    }
}

/// A message on its way between two owners, neither of which can hold it as a noncopyable value.
@safe struct RawMessage: @unchecked Sendable {
    // Sendable, because it is taken exactly once.
    private let handle: OpaquePointer

    init(_ message: consuming MessageBuffer) {
        unsafe self.handle = message.release()
    }

    /// Takes the ownership. Called exactly once.
    func take() -> MessageBuffer {
        unsafe MessageBuffer(owning: self.handle)
    }
}
