internal import Synchronization

/// A second attempt at a call whose first takes longer than is usual: the reply that comes first counts, the other is cancelled.
final class Hedge: Sendable {
    private struct State {
        /// Of the first attempt, while it runs.
        var slot: CallSlot?
        var start = Deadline.never
        var task: Task<Void, Never>?
        /// What came when the first attempt had failed already.
        var reply: RawMessage?
        var isSubstituted = false
        var isOver = false
    }

    typealias Attempt = @Sendable () async -> RawMessage?

    /// What the client says to a second attempt now.
    enum Answer {
        /// Asks another replica; `nil` when that brings nothing.
        case ask(Attempt)
        /// It may when the first has taken so many nanoseconds.
        case later(UInt64)
        case never
    }

    private let delay: UInt64
    private let consult: @Sendable (_ waited: UInt64) -> Answer
    private let state = Mutex(State())

    /// - Parameters:
    ///   - delay: Nanoseconds.
    ///   - consult: Asked on ``SerialThread/calls``, so it must not block, while the first attempt, which has taken so many nanoseconds,
    ///     is under way.
    init(after delay: UInt64, consult: @escaping @Sendable (_ waited: UInt64) -> Answer) {
        self.delay = delay
        self.consult = consult
    }

    /// The first attempt is about to be made over this slot, which calls ``fire(at:)`` when it is time.
    func firstStarts(over slot: CallSlot, at now: Deadline) {
        self.state.withLock { state in
            state.slot = slot
            state.start = now
        }
    }

    /// When to ask a second replica, if the first attempt starts now.
    func due(from start: Deadline) -> Deadline { Deadline(nanoseconds: start.nanoseconds &+ self.delay) }

    /// Called before the slot may serve another call.
    ///
    /// - Returns: Whether it ended with the second attempt's reply.
    func firstEnded() -> Bool {
        self.state.withLock { state in
            state.slot = nil
            return state.isSubstituted
        }
    }

    /// What the second attempt brings, if it is under way, now that the first has failed.
    func remainder() async -> RawMessage? {
        guard let task = self.state.withLock({ $0.isOver ? nil : $0.task }) else { return nil }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return self.state.withLock { state in
            defer { state.reply = nil }
            return state.reply
        }
    }

    /// The call is over: a second attempt that is under way is cancelled.
    ///
    /// - Returns: Whether the second attempt's reply is the one that counts.
    func end() -> Bool {
        let (task, reply, isSubstituted) = self.state.withLock { state in
            state.isOver = true
            defer { (state.task, state.reply) = (nil, nil) }
            return (state.task, state.reply, state.isSubstituted)
        }
        task?.cancel()
        _ = reply?.take()
        return isSubstituted
    }

    /// It is time to ask a second replica, if the first attempt is still under way.
    ///
    /// - Returns: When to try again; `nil`: not any more.
    func fire(at now: Deadline) -> Deadline? {
        let start = self.state.withLock { $0.isOver || $0.slot == nil || $0.task != nil ? nil : $0.start }
        guard let start else { return nil }
        switch self.consult(now.nanoseconds &- start.nanoseconds) {
        case .never: return nil
        case .later(let waited): return Deadline(nanoseconds: start.nanoseconds &+ waited)
        case .ask(let attempt):
            self.state.withLock { state in
                guard !state.isOver, state.slot != nil else { return }
                // Cancelled by `end()`; it awaits nothing but its own call, which a cancellation ends.
                state.task = Task { await self.run(attempt) }
            }
            return nil
        }
    }

    private func run(_ attempt: Attempt) async {
        guard let reply = await attempt() else { return }
        let isTaken = self.state.withLock { state in
            if state.isOver { return false }
            // Under the lock, so that the first attempt can't end and its slot serve another call meanwhile.
            if let slot = state.slot, slot.substitute(reply) {
                state.isSubstituted = true
            } else {
                // The first has ended, though its caller may not know yet. If it failed, this is what counts.
                state.reply = reply
            }
            return true
        }
        if !isTaken { _ = reply.take() }
    }
}
