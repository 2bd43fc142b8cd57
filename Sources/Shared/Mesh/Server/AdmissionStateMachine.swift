/// Counts the calls that a server has, and refuses heavy ones over a bound: better a quick no than an answer too late.
package struct AdmissionStateMachine: ~Copyable {
    package let maximumHeavyCalls: Int
    package private(set) var inFlight = 0
    package private(set) var heavy = 0
    /// Calls since the start.
    package private(set) var admitted = 0
    package private(set) var refused = 0

    package init(maximumHeavyCalls: Int) {
        self.maximumHeavyCalls = maximumHeavyCalls
    }

    /// - Returns: Whether the call may run; ``callEnded(isHeavy:)`` follows if so.
    package mutating func callArrived(isHeavy: Bool) -> Bool {
        guard !isHeavy || self.heavy < self.maximumHeavyCalls else {
            self.refused += 1
            return false
        }
        self.admitted += 1
        self.inFlight += 1
        if isHeavy { self.heavy += 1 }
        return true
    }

    package mutating func callEnded(isHeavy: Bool) {
        self.inFlight -= 1
        if isHeavy { self.heavy -= 1 }
    }
}
