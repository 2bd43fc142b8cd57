/// When a server that is going may close: no call is in flight, and no client can send another.
package enum DrainStateMachine: ~Copyable {
    case serving
    case draining(since: Deadline, lastCall: Deadline, quiet: Duration, timeout: Duration)
    case closed

    package enum Action: Equatable {
        case none
        /// Ask again then, unless something happens before.
        case wait(until: Deadline)
        case close
    }

    package var isDraining: Bool {
        switch self {
        case .serving: false
        case .draining: true
        case .closed: true
        }
    }

    /// - Returns: Whether this call began the drain.
    package mutating func start(at now: Deadline, quiet: Duration, timeout: Duration) -> Bool {
        switch consume self {
        case .serving:
            self = .draining(since: now, lastCall: now, quiet: quiet, timeout: timeout)
            return true
        case .draining(let since, let lastCall, let quiet, let timeout):
            self = .draining(since: since, lastCall: lastCall, quiet: quiet, timeout: timeout)
            return false
        case .closed:
            self = .closed
            return false
        }
    }

    package mutating func callEnded(at now: Deadline) {
        switch consume self {
        case .serving: self = .serving
        case .draining(let since, _, let quiet, let timeout):
            self = .draining(since: since, lastCall: now, quiet: quiet, timeout: timeout)
        case .closed: self = .closed
        }
    }

    /// - Parameter connections: Those of clients.
    package mutating func evaluate(at now: Deadline, inFlight: Int, connections: Int) -> Action {
        switch consume self {
        case .serving:
            self = .serving
            return .none
        case .draining(let since, let lastCall, let quiet, let timeout):
            let end = since.advanced(by: timeout)
            let quietEnd = lastCall.advanced(by: quiet)
            if now >= end || (inFlight == 0 && (connections == 0 || now >= quietEnd)) {
                self = .closed
                return .close
            }
            self = .draining(since: since, lastCall: lastCall, quiet: quiet, timeout: timeout)
            return .wait(until: inFlight == 0 ? min(end, quietEnd) : end)
        case .closed:
            self = .closed
            return .none
        }
    }
}
