internal import Synchronization

/// A result that one task waits for and any thread may bring, before or while it waits. The first to bring one wins: reply, failure,
/// deadline or the task's own cancellation; the task is resumed exactly once.
///
/// The isolation is passed on by hand: of a task with a task executor preference, a `nonisolated(nonsending)` function that suspends in a
/// continuation comes back outside its actor (Swift 6.3), and what follows races with the actor.
public final class Promise<Success: Sendable, Failure: Error>: Sendable {
    public typealias Outcome = Result<Success, Failure>

    private enum State {
        case pending
        case awaited(CheckedContinuation<Outcome, Never>)
        /// Completed before it was awaited.
        case completed(Outcome)
        case delivered
    }

    private let state = Mutex(State.pending)

    public init() {}

    /// - Returns: Whether the task gets this outcome; `false` if another one came first.
    @discardableResult
    public func complete(_ outcome: Outcome) -> Bool {
        let (isFirst, continuation): (Bool, CheckedContinuation<Outcome, Never>?) = self.state.withLock { state in
            switch state {
            case .pending:
                state = .completed(outcome)
                return (true, nil)
            case .awaited(let continuation):
                state = .delivered
                return (true, continuation)
            case .completed, .delivered: return (false, nil)
            }
        }
        continuation?.resume(returning: outcome)
        return isFirst
    }

    /// Whether an outcome has come: whoever still works for one can stop.
    public var isComplete: Bool {
        self.state.withLock { state in
            switch state {
            case .pending, .awaited: false
            case .completed, .delivered: true
            }
        }
    }

    /// Waits, whatever happens to the task. To be called once, this or the other.
    public func value(isolation: isolated (any Actor)? = #isolation) async throws(Failure) -> Success {
        try await self.outcome(isolation: isolation).get()
    }

    /// Waits until the task is cancelled at most.
    ///
    /// - Parameters:
    ///   - error: What is thrown then.
    ///   - onCancel: Called then, on any thread.
    public func value(
        orCancelledWith error: Failure, isolation: isolated (any Actor)? = #isolation, onCancel: @escaping @Sendable () -> Void = {}
    ) async throws(Failure) -> Success {
        let outcome = await withTaskCancellationHandler {
            await self.outcome(isolation: isolation)
        } onCancel: {
            if self.complete(.failure(error)) { onCancel() }
        }
        return try outcome.get()
    }

    private func outcome(isolation: isolated (any Actor)?) async -> Outcome {
        await withCheckedContinuation(isolation: isolation) { continuation in
            let early: Outcome? = self.state.withLock { state in
                switch state {
                case .completed(let outcome):
                    state = .delivered
                    return outcome
                case .pending:
                    state = .awaited(continuation)
                    return nil
                case .awaited, .delivered: preconditionFailure("a promise is awaited once")
                }
            }
            if let early { continuation.resume(returning: early) }
        }
    }
}
