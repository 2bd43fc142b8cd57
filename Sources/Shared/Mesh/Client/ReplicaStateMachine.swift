/// The life of one replica as a client sees it. nng itself redials; this decides whether to call, and when to close.
package struct ReplicaStateMachine: ~Copyable {
    package enum Phase: Equatable {
        /// Never connected yet.
        case connecting
        case ready
        /// Answers what it has, and asks for no more.
        case draining
        /// Was connected; nng dials again.
        case lost
        /// No longer announced: closes when the last call is over.
        case retiring
        case closed
    }

    package enum Action: Equatable {
        case none
        /// Calls that wait to be sent must be given up.
        case abandonUnsent
        case close
    }

    package private(set) var phase = Phase.connecting
    package private(set) var inFlight = 0
    private var connections = 0
    private let maximumInFlight: Int

    package init(maximumInFlight: Int = .max) {
        self.maximumInFlight = maximumInFlight
    }

    package var isReady: Bool { self.phase == .ready }
    /// As many calls are in flight as there may be.
    package var isFull: Bool { self.inFlight >= self.maximumInFlight }
    /// It may become ready without anybody's doing.
    package var isConnecting: Bool { self.phase == .connecting }
    package var isConnected: Bool { self.connections > 0 && self.phase != .closed }

    package mutating func pipeAdded() {
        self.connections += 1
        switch self.phase {
        // A new process at the address of a draining one doesn't drain.
        case .connecting, .ready, .draining, .lost: self.phase = .ready
        case .retiring, .closed: break
        }
    }

    package mutating func pipeRemoved() -> Action {
        self.connections -= 1
        guard self.connections == 0, self.phase != .closed else { return .none }
        if self.phase != .retiring { self.phase = .lost }
        return .abandonUnsent
    }

    package mutating func serverDrains() {
        if self.phase == .ready { self.phase = .draining }
    }

    package mutating func retire() -> Action {
        guard self.phase != .closed, self.phase != .retiring else { return .none }
        self.phase = .retiring
        return self.closeIfOver()
    }

    /// - Returns: Whether the call may be made here; ``callEnded()`` follows if so.
    package mutating func callStarts() -> Bool {
        guard self.phase == .ready, !self.isFull else { return false }
        self.inFlight += 1
        return true
    }

    package mutating func callEnded() -> Action {
        self.inFlight -= 1
        return self.phase == .retiring ? self.closeIfOver() : .none
    }

    private mutating func closeIfOver() -> Action {
        guard self.inFlight == 0 else { return .none }
        self.phase = .closed
        return .close
    }
}
