internal import Synchronization

/// A second attempt at a call whose first takes longer than is usual: the reply that comes first counts, the other is cancelled.
final class Hedge: Sendable {
    private struct State {
        /// Of the first attempt, while it runs.
        var slot: CallSlot?
        var task: Task<Void, Never>?
        /// What came when the first attempt had failed already.
        var reply: RawMessage?
        var isSubstituted = false
        var isOver = false
    }

    private let delay: UInt64
    private let attempt: @Sendable () async -> RawMessage?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - delay: Nanoseconds.
    ///   - attempt: Asks another replica; `nil` when that brings nothing.
    init(after delay: UInt64, attempt: @escaping @Sendable () async -> RawMessage?) {
        self.delay = delay
        self.attempt = attempt
    }

    /// The first attempt is about to be made over this slot.
    func firstStarts(over slot: CallSlot, at now: Deadline) {
        self.state.withLock { $0.slot = slot }
        SerialThread.calls.run(at: Deadline(nanoseconds: now.nanoseconds &+ self.delay)) { [weak self] in self?.fire() }
    }

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

    private func fire() {
        self.state.withLock { state in
            guard !state.isOver, state.slot != nil, state.task == nil else { return }
            // Cancelled by `end()`; it awaits nothing but its own call, which a cancellation ends.
            state.task = Task { await self.run() }
        }
    }

    private func run() async {
        guard let reply = await self.attempt() else { return }
        let isTaken = self.state.withLock { state in
            if state.isOver { return false }
            guard let slot = state.slot else {
                state.reply = reply
                return true
            }
            // Under the lock, so that the first attempt can't end and its slot serve another call meanwhile.
            state.isSubstituted = slot.substitute(reply)
            return state.isSubstituted
        }
        if !isTaken { _ = reply.take() }
    }
}
