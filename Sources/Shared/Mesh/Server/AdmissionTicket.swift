internal import Synchronization

/// A call's place in the queue.
final class AdmissionTicket: Sendable {
    private enum State {
        case pending
        case waiting(@Sendable (MeshError?) -> Void)
        case decided(MeshError?)
        case over
    }

    private let state = Mutex(State.pending)

    /// - Parameter run: Called once: with `nil` when the call may run, with the reply when it may not.
    func whenDecided(_ run: @escaping @Sendable (MeshError?) -> Void) {
        let decision: MeshError?? = self.state.withLock { state in
            if case .decided(let refusal) = state {
                state = .over
                return refusal
            }
            state = .waiting(run)
            return nil
        }
        if let decision { run(decision) }
    }

    func decide(_ refusal: MeshError?) {
        let run = self.state.withLock { state -> (@Sendable (MeshError?) -> Void)? in
            switch state {
            case .pending:
                state = .decided(refusal)
                return nil
            case .waiting(let run):
                state = .over
                return run
            case .decided, .over: return nil
            }
        }
        run?(refusal)
    }
}
