internal import CNng
internal import Synchronization

/// A context and an operation of a server's socket: receives a call, has it answered, sends the reply, for ever.
final class ServeSlot: Sendable {
    private enum Phase {
        case receiving
        case handling
        case replying(isHeavy: Bool)
    }

    private struct State {
        var phase = Phase.receiving
        var generation: UInt64 = 0
        var task: Task<Void, Never>?
    }

    private let context: Socket.Context
    private let operation: AsynchronousOperation
    private let core: ServerCore
    private let state = Mutex(State())

    init(socket: Socket, core: ServerCore) throws(MeshError) {
        self.context = try socket.context()
        self.operation = try AsynchronousOperation()
        self.core = core
        self.operation.whenEnded { [self] in self.operationEnded() }
    }

    func start() {
        self.state.withLock { $0.phase = .receiving }
        self.operation.receive(over: self.context)
    }

    /// Runs on nng's threads.
    private func operationEnded() {
        let outcome = self.operation.outcome
        let message = self.operation.takeMessage()
        if case .replying(let isHeavy) = self.state.withLock({ $0.phase }) { self.core.callEnded(isHeavy: isHeavy) }
        if case .closed = outcome { return }
        guard case .receiving = self.state.withLock({ $0.phase }), case .success = outcome, let message else {
            // A reply that couldn't be sent has nobody who waits for it.
            self.start()
            return
        }
        self.received(message)
    }

    private func received(_ message: consuming MessageBuffer) {
        let start = Deadline.now
        let call: ServerCore.Call
        do {
            call = try self.core.accept(message)
        } catch {
            // Counted like any other, so that a drain waits for the reply.
            self.core.callRefused(error, since: start)
            self.reply(error, nil, since: start, isHeavy: false)
            return
        }
        let raw = RawMessage(message)
        let generation = self.state.withLock { state in
            state.phase = .handling
            state.generation += 1
            return state.generation
        }
        guard let ticket = call.ticket else { return self.begin(call, raw, generation, since: start) }
        ticket.whenDecided { [self] refusal in
            self.core.turnCame(call, refusal)
            if let refusal {
                _ = raw.take()
                return self.reply(refusal, call, since: start, isHeavy: false)
            }
            var call = call
            call.admission = .now
            self.begin(call, raw, generation, since: start)
        }
    }

    private func begin(_ call: ServerCore.Call, _ raw: RawMessage, _ generation: UInt64, since start: Deadline) {
        let executor: any TaskExecutor = call.method.descriptor.isHeavy ? self.core.heavyExecutor : InlineExecutor.shared
        // The deadline cancels it; a drain awaits it by the count of calls in flight.
        let task = Task(executorPreference: executor) { [self] in
            await self.answer(call, raw, since: start)
        }
        call.cancellation?.attach(task)
        self.cancelAtDeadline(task, call.context.deadline, generation)
    }

    private func answer(_ call: ServerCore.Call, _ message: RawMessage, since start: Deadline) async {
        do {
            let reply = try await self.core.run(call, message)
            guard !call.context.deadline.isExpired else {
                _ = reply.take()
                throw MeshError(.deadlineExceeded, "the handler ran out of time")
            }
            self.reply(reply, call, since: start)
        } catch let error as MeshError {
            self.reply(error, call, since: start, isHeavy: call.method.descriptor.isHeavy)
        } catch is CancellationError where call.context.deadline.isExpired || call.cancellation?.isCancelled == true {
            let error =
                call.context.deadline.isExpired
                ? MeshError(.deadlineExceeded, "the handler ran out of time") : MeshError(.cancelled, "the caller gave up")
            self.reply(error, call, since: start, isHeavy: call.method.descriptor.isHeavy)
        } catch {
            self.core.handlerFailed(call, error)
            // What an unforeseen error says may be private.
            let error = MeshError(.internal, "the handler of \(call.method.descriptor.fullName) failed")
            self.reply(error, call, since: start, isHeavy: call.method.descriptor.isHeavy)
        }
    }

    // MARK: Replies

    private func reply(_ message: RawMessage, _ call: ServerCore.Call, since start: Deadline) {
        self.send(message.take(), call, nil, since: start, isHeavy: call.method.descriptor.isHeavy)
    }

    private func reply(_ error: MeshError, _ call: ServerCore.Call?, since start: Deadline, isHeavy: Bool) {
        do {
            self.send(
                try MessageCoder.encode(error, limit: self.core.configuration.maximumMessageSize), call, error, since: start,
                isHeavy: isHeavy)
        } catch {
            // No memory for a reply: the caller's deadline answers.
            self.core.callEnded(isHeavy: isHeavy)
            self.start()
        }
    }

    private func send(
        _ message: consuming MessageBuffer, _ call: ServerCore.Call?, _ error: MeshError?, since start: Deadline, isHeavy: Bool
    ) {
        let duration = Deadline.now.nanoseconds - start.nanoseconds
        var message = message
        let envelope = self.core.replyEnvelope(call, error, duration: duration)
        // Writing into memory can't fail; the closure's type says otherwise.
        try? unsafe message.withMutableBytes { unsafe envelope.write(to: $0) }
        self.core.observe(call?.method.descriptor, error?.code, duration: duration)
        self.state.withLock { state in
            state.phase = .replying(isHeavy: isHeavy)
            state.task = nil
        }
        self.operation.send(message, over: self.context)
    }

    // MARK: The deadline

    private func cancelAtDeadline(_ task: Task<Void, Never>, _ deadline: Deadline, _ generation: UInt64) {
        guard deadline != .never else { return }
        let runs = self.state.withLock { state in
            // A light handler is usually over by now, and the slot perhaps with its next call.
            guard state.generation == generation, case .handling = state.phase else { return false }
            state.task = task
            return true
        }
        guard runs else { return }
        SerialThread.calls.run(at: deadline) { [self] in
            let task = self.state.withLock { $0.generation == generation ? $0.task : nil }
            task?.cancel()
        }
    }
}
