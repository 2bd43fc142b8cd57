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
        /// What the caller gets instead of a reply over this slot.
        var substitute: RawMessage?
        /// When the earliest timer of this slot fires: a slot needs one timer, not one for each call.
        var timer: Deadline?
    }

    private let context: Socket.Context
    private let operation: AsynchronousOperation
    /// The server runs on another machine, whose clock is another.
    private let isRemote: Bool
    private let state = Mutex(State())

    init(socket: Socket, isRemote: Bool = false) throws(MeshError) {
        self.isRemote = isRemote
        self.context = try socket.context()
        self.operation = try AsynchronousOperation()
        self.operation.whenEnded { [self] in self.operationEnded() }
    }

    /// Sends a call and waits for the reply.
    ///
    /// - Parameter isConnected: Whether there is a connection; asked again once the message is handed over, as nng would keep it
    ///   for a connection that may never come.
    func call(
        _ message: consuming MessageBuffer, deadline: Deadline, isConnected: @Sendable () -> Bool
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
                unsafe self.start(raw, deadline: deadline, continuation)
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

    private func start(_ message: RawMessage, deadline: Deadline, _ continuation: UnsafeContinuation<Outcome, Never>) {
        enum Start {
            case send(timer: Bool)
            case refuse(MeshError)
        }
        let start: Start = self.state.withLock { state in
            if state.stop != nil { return .refuse(Self.error(.cancelled)) }
            if deadline.isExpired { return .refuse(Self.error(.deadlineExceeded)) }
            state.phase = .sending
            state.deadline = deadline
            unsafe state.continuation = continuation
            return .send(timer: Self.needsTimer(&state))
        }
        switch start {
        case .refuse(let error):
            _ = message.take()
            unsafe continuation.resume(returning: .failure(error))
        case .send(let needsTimer):
            if needsTimer { self.startTimer(deadline) }
            self.operation.send(message.take(), over: self.context)
            self.abortIfStopped()
        }
    }

    /// Runs on nng's threads.
    private func operationEnded() {
        let outcome = self.operation.outcome
        if case .success = outcome, self.startsReceiving() {
            self.operation.receive(over: self.context)
            // A stop that came between the two operations found nothing to abort.
            self.abortIfStopped()
            return
        }
        // After a failed send this is our own message, which nng hands back; then it is freed here.
        let message = self.operation.takeMessage()
        let (continuation, stop, substitute) = unsafe self.state.withLock { state in
            defer {
                state.phase = .idle
                unsafe state.continuation = nil
                state.substitute = nil
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

    // MARK: The deadline

    private static func needsTimer(_ state: inout State) -> Bool {
        guard state.deadline < state.timer ?? .never else { return false }
        state.timer = state.deadline
        return true
    }

    private func startTimer(_ deadline: Deadline) {
        SerialThread.calls.run(at: deadline) { [self] in self.timerFired(deadline) }
    }

    private func timerFired(_ instant: Deadline) {
        let (expired, next) = self.state.withLock { state -> (UInt64?, Deadline?) in
            if state.timer == instant { state.timer = nil }
            guard state.phase != .idle else { return (nil, nil) }
            if state.deadline.isExpired { return (state.generation, nil) }
            return (nil, Self.needsTimer(&state) ? state.deadline : nil)
        }
        if let expired { self.stop(.deadlineExceeded, expired) }
        if let next { self.startTimer(next) }
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
