internal import CNng
internal import Synchronization

/// A context of a server's socket: receives a call, has it answered, sends the reply, for ever.
///
/// What may suspend is answered by a task that lives as long as the slot, as making one costs more than answering: only a heavy call
/// has a task of its own, and a task that a deadline has cancelled is replaced. The reply goes over an operation of its own without
/// a callback; the next call may come at once, unless the reply waits for a connection that is busy.
final class ServeSlot: Sendable {
    /// A call that waits to be answered.
    private struct Work {
        var call: ServerCore.Call
        let message: RawMessage
        let start: Deadline
    }

    /// The task that answers what isn't heavy.
    @safe private enum Attendant {
        case none
        case working
        case waiting(UnsafeContinuation<Bool, Never>)
    }

    @safe private struct State {
        var attendant = Attendant.none
        var work: Work?
        /// Counts the attendants.
        var hires = 0
        var attendantTask: Task<Void, Never>?
        /// The attendant was cancelled for one call and must not answer another.
        var isDismissed = false
        /// Counts the calls.
        var generation: UInt64 = 0
        var isHandling = false
        var deadline = Deadline.never
        var heavyTask: Task<Void, Never>?
        /// When the earliest timer of this slot fires.
        var timer: Deadline?
    }

    private let context: Socket.Context
    private let operation: AsynchronousOperation
    private let replyOperation: AsynchronousOperation
    private let core: ServerCore
    private let waitingRoom: WaitingRoom
    private let state = Mutex(State())

    init(socket: Socket, core: ServerCore, waitingRoom: WaitingRoom) throws(MeshError) {
        self.context = try socket.context()
        self.operation = try AsynchronousOperation()
        self.replyOperation = try .silent()
        self.core = core
        self.waitingRoom = waitingRoom
        self.operation.whenEnded { [self] in self.received() }
    }

    func start() {
        self.operation.receive(over: self.context)
    }

    /// Runs on nng's threads.
    private func received() {
        self.waitingRoom.look()
        let outcome = self.operation.outcome
        guard case .success = outcome, let message = self.operation.takeMessage() else {
            if case .closed = outcome { self.dismissAttendant() } else { self.start() }
            return
        }
        let start = Deadline.now
        let call: ServerCore.Call
        do {
            call = try self.core.accept(message)
        } catch {
            // Counted like any other, so that a drain waits for the reply.
            self.core.callRefused(error, since: start)
            self.reply(error, nil, isHeavy: false, since: start)
            return
        }
        let work = Work(call: call, message: RawMessage(message), start: start)
        guard let ticket = call.ticket else { return self.dispatch(work) }
        // Decided by another slot's call, at its end: only heavy calls wait, which are given a task and run elsewhere, and a refusal
        // ends as a light call, for which nobody waits. So calls that end one after the other never nest.
        ticket.whenDecided { [self] refusal in self.turnCame(work, refusal) }
    }

    private func turnCame(_ work: Work, _ refusal: MeshError?) {
        self.core.turnCame(work.call, refusal)
        if let refusal {
            _ = work.message.take()
            self.reply(refusal, work.call, isHeavy: false, since: work.start)
        } else {
            var work = work
            work.call.admission = .now
            self.dispatch(work)
        }
    }

    // MARK: Answering

    private func dispatch(_ work: Work) {
        if let handle = work.call.method.handleAtOnce, self.core.configuration.interceptors.isEmpty {
            self.answerAtOnce(work, handle)
        } else if work.call.isHeavy {
            self.answerHeavy(work)
        } else {
            self.handOver(work)
        }
    }

    private func answerAtOnce(_ work: Work, _ handle: MeshMethod.HandleAtOnce) {
        do {
            let reply = try self.core.bound(work.call) {
                try handle(work.message, work.call.context, self.core.configuration.maximumMessageSize)
            }
            self.reply(reply, work.call, since: work.start)
        } catch {
            self.reply(self.failure(error, of: work.call), work.call, isHeavy: work.call.isHeavy, since: work.start)
        }
    }

    private func answerHeavy(_ work: Work) {
        let generation = self.begin(work.call)
        // The deadline and the caller cancel it; a drain awaits it by the count of calls in flight.
        let task = Task(executorPreference: self.core.heavyExecutor) { [self] in await self.answer(work) }
        work.call.cancellation?.attach(task)
        self.watch(task, work.call, generation)
    }

    private func answer(_ work: Work) async {
        do {
            let reply = try await self.core.run(work.call, work.message)
            guard !work.call.context.deadline.isExpired else {
                _ = reply.take()
                throw MeshError(.deadlineExceeded, "the handler ran out of time")
            }
            self.reply(reply, work.call, since: work.start)
        } catch {
            self.reply(self.failure(error, of: work.call), work.call, isHeavy: work.call.isHeavy, since: work.start)
        }
    }

    private func failure(_ error: any Error, of call: ServerCore.Call) -> MeshError {
        if let error = error as? MeshError { return error }
        if error is CancellationError, call.context.deadline.isExpired {
            return MeshError(.deadlineExceeded, "the handler ran out of time")
        }
        if error is CancellationError, call.cancellation?.isCancelled == true { return MeshError(.cancelled, "the caller gave up") }
        self.core.handlerFailed(call, error)
        // What an unforeseen error says may be private.
        return MeshError(.internal, "the handler of \(call.method.descriptor.fullName) failed")
    }

    // MARK: The attendant

    private func handOver(_ work: Work) {
        @safe enum Step {
            case none
            case hire
            case wake(UnsafeContinuation<Bool, Never>)
        }
        let generation = self.begin(work.call)
        let step = self.state.withLock { state -> Step in
            state.work = work
            switch state.attendant {
            // It looks for work before it waits.
            case .working: return .none
            case .none:
                state.attendant = .working
                return .hire
            case .waiting(let continuation):
                state.attendant = .working
                return unsafe .wake(continuation)
            }
        }
        switch step {
        case .none: break
        case .hire: self.hireAttendant()
        // Runs here until the handler suspends or has answered.
        case .wake(let continuation): unsafe continuation.resume(returning: true)
        }
        self.watch(nil, work.call, generation)
    }

    private func hireAttendant() {
        let hire = self.state.withLock { state in
            state.hires += 1
            return state.hires
        }
        // Ends when it is dismissed: after a deadline has cancelled it, or when the socket is closed.
        let task = Task(executorPreference: InlineExecutor.shared) { [self] in
            while let work = await self.nextWork() { await self.answer(work) }
        }
        let isLate = self.state.withLock { state in
            guard state.hires == hire else { return false }
            if case .none = state.attendant { return false }
            state.attendantTask = task
            return state.isDismissed
        }
        if isLate { task.cancel() }
    }

    private func nextWork() async -> Work? {
        while true {
            switch self.takeWork() {
            case .work(let work): return work
            case .leave: return nil
            case .wait: break
            }
            let goesOn = await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
                let resumes = self.state.withLock { state -> Bool? in
                    guard state.work == nil, !state.isDismissed else { return true }
                    state.attendant = unsafe .waiting(continuation)
                    return nil
                }
                if let resumes { unsafe continuation.resume(returning: resumes) }
            }
            if !goesOn { return nil }
        }
    }

    private enum Errand {
        case work(Work)
        case wait
        case leave
    }

    private func takeWork() -> Errand {
        let (errand, hires) = self.state.withLock { state -> (Errand, Bool) in
            if state.isDismissed {
                state.isDismissed = false
                state.attendantTask = nil
                state.attendant = state.work == nil ? .none : .working
                return (.leave, state.work != nil)
            }
            guard let work = state.work else { return (.wait, false) }
            state.work = nil
            return (.work(work), false)
        }
        if hires { self.hireAttendant() }
        return errand
    }

    private func dismissAttendant() {
        let waiting = unsafe self.state.withLock { state -> UnsafeContinuation<Bool, Never>? in
            guard case .waiting(let continuation) = state.attendant else { return nil }
            state.attendant = .none
            state.attendantTask = nil
            return unsafe continuation
        }
        unsafe waiting?.resume(returning: false)
    }

    // MARK: Replies

    private func reply(_ message: RawMessage, _ call: ServerCore.Call, since start: Deadline) {
        self.send(message.take(), call, nil, isHeavy: call.isHeavy, since: start)
    }

    /// - Parameter isHeavy: Whether it was admitted as a heavy call.
    private func reply(_ error: MeshError, _ call: ServerCore.Call?, isHeavy: Bool, since start: Deadline) {
        do {
            let message = try MessageCoder.encode(error, limit: self.core.configuration.maximumMessageSize)
            self.send(message, call, error, isHeavy: isHeavy, since: start)
        } catch {
            // No memory for a reply: the caller's deadline answers.
            self.end()
            self.core.callEnded(isHeavy: isHeavy)
            self.start()
        }
    }

    private func send(
        _ message: consuming MessageBuffer, _ call: ServerCore.Call?, _ error: MeshError?, isHeavy: Bool, since start: Deadline
    ) {
        let duration = Deadline.now.nanoseconds - start.nanoseconds
        var message = message
        let envelope = self.core.replyEnvelope(call, error, duration: duration)
        // Writing into memory can't fail; the closure's type says otherwise.
        try? unsafe message.withMutableBytes { unsafe envelope.write(to: $0) }
        self.core.observe(call, error?.code, duration: duration)
        self.end()
        self.replyOperation.send(message, over: self.context)
        self.core.callEnded(isHeavy: isHeavy)
        if self.replyOperation.isOver { self.start() } else { self.waitingRoom.enter(self) }
    }

    /// Receives again if the reply is on its way by now.
    ///
    /// - Returns: Whether it does.
    func leavesWaitingRoom() -> Bool {
        guard self.replyOperation.isOver else { return false }
        self.start()
        return true
    }

    // MARK: The deadline

    private func begin(_ call: ServerCore.Call) -> UInt64 {
        self.state.withLock { state in
            state.isHandling = true
            state.heavyTask = nil
            state.deadline = call.context.deadline
            state.generation += 1
            return state.generation
        }
    }

    private func end() {
        self.state.withLock { $0.isHandling = false }
    }

    /// Has the call cancelled when its deadline comes, unless it is over by now, as most are.
    ///
    /// - Parameter task: The call's own; `nil`: the attendant's.
    private func watch(_ task: Task<Void, Never>?, _ call: ServerCore.Call, _ generation: UInt64) {
        let timer = self.state.withLock { state -> Deadline? in
            guard state.generation == generation, state.isHandling else { return nil }
            if let task { state.heavyTask = task }
            return Self.timerNeeded(&state)
        }
        if let timer { self.startTimer(timer) }
    }

    private static func timerNeeded(_ state: inout State) -> Deadline? {
        guard state.deadline != .never, state.deadline < state.timer ?? .never else { return nil }
        state.timer = state.deadline
        return state.deadline
    }

    private func startTimer(_ deadline: Deadline) {
        SerialThread.calls.run(at: deadline) { [self] in self.timerFired(deadline) }
    }

    private func timerFired(_ instant: Deadline) {
        let (task, next) = self.state.withLock { state -> (Task<Void, Never>?, Deadline?) in
            if state.timer == instant { state.timer = nil }
            guard state.isHandling else { return (nil, nil) }
            guard state.deadline.isExpired else { return (nil, Self.timerNeeded(&state)) }
            if let heavy = state.heavyTask { return (heavy, nil) }
            state.isDismissed = true
            return (state.attendantTask, nil)
        }
        task?.cancel()
        if let next { self.startTimer(next) }
    }
}
