internal import Synchronization

/// Waits once for a wake-up, a deadline or a cancellation.
final class Waiter: Sendable {
    private enum State {
        case fresh
        case waiting(CheckedContinuation<MeshError?, Never>)
        case over(MeshError?)
    }

    private let state = Mutex(State.fresh)

    func wake() { self.end(nil) }

    func wait(until deadline: Deadline) async throws(MeshError) {
        if deadline != .never {
            SerialThread.calls.run(at: deadline) { [weak self] in self?.end(MeshError(.deadlineExceeded, "waited too long")) }
        }
        let failure = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let over: MeshError?? = self.state.withLock { state in
                    if case .over(let failure) = state { return failure }
                    state = .waiting(continuation)
                    return nil
                }
                if let over { continuation.resume(returning: over) }
            }
        } onCancel: {
            self.end(MeshError(.cancelled, "the caller gave up"))
        }
        if let failure { throw failure }
    }

    private func end(_ failure: MeshError?) {
        let continuation = self.state.withLock { state -> CheckedContinuation<MeshError?, Never>? in
            switch state {
            case .fresh:
                state = .over(failure)
                return nil
            case .waiting(let continuation):
                state = .over(failure)
                return continuation
            case .over: return nil
            }
        }
        continuation?.resume(returning: failure)
    }
}
