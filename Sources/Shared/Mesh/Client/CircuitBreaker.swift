/// When a method that mostly fails isn't called for a while.
public struct CircuitBreakerPolicy: Sendable {
    /// Fewer calls than this in the window say nothing.
    public var minimumCalls: Int
    /// Share of failures from which on the breaker opens.
    public var failureRatio: Double
    public var window: Duration
    /// How long it stays open at first; doubles while the probes fail.
    public var openDuration: Duration
    public var maximumOpenDuration: Duration
    /// Calls that are let through to see whether it works again; all must succeed.
    public var probes: Int

    public init(
        minimumCalls: Int = 20,
        failureRatio: Double = 0.5,
        window: Duration = .seconds(10),
        openDuration: Duration = .seconds(1),
        maximumOpenDuration: Duration = .seconds(4),
        probes: Int = 3
    ) {
        self.minimumCalls = max(1, minimumCalls)
        self.failureRatio = failureRatio
        self.window = window
        self.openDuration = openDuration
        self.maximumOpenDuration = maximumOpenDuration
        self.probes = max(1, probes)
    }
}

/// Closed, open, half open (Nygard: Release It!, 2007), for one method of one client.
package struct CircuitBreaker: Sendable {
    package enum Phase: Equatable, Sendable {
        case closed
        case open(until: Deadline)
        case halfOpen(asked: Int, succeeded: Int)
    }

    package enum Outcome: Sendable {
        case success, failure
        /// Says nothing about the callee: the caller gave up.
        case neutral
    }

    package enum Transition: Equatable, Sendable {
        case opened, closed
    }

    package private(set) var phase = Phase.closed
    private let policy: CircuitBreakerPolicy
    /// Tells calls of an earlier phase, whose outcome no longer counts.
    private var epoch: UInt32 = 0
    private var openDuration: Duration
    /// Two halves of the window: the current one and the one before.
    private var counts: (calls: Int, failures: Int) = (0, 0)
    private var before: (calls: Int, failures: Int) = (0, 0)
    private var halfEnds = Deadline(nanoseconds: 0)

    package init(_ policy: CircuitBreakerPolicy) {
        self.policy = policy
        self.openDuration = policy.openDuration
    }

    /// - Returns: What ``callEnded(_:_:at:)`` wants to know; `nil` when the call must not be made.
    package mutating func admit(at now: Deadline) -> UInt32? {
        switch self.phase {
        case .closed: return self.epoch
        case .open(let until):
            guard now >= until else { return nil }
            self.epoch &+= 1
            self.phase = .halfOpen(asked: 1, succeeded: 0)
            return self.epoch
        case .halfOpen(let asked, let succeeded):
            guard asked < self.policy.probes else { return nil }
            self.phase = .halfOpen(asked: asked + 1, succeeded: succeeded)
            return self.epoch
        }
    }

    package mutating func callEnded(_ outcome: Outcome, _ epoch: UInt32, at now: Deadline) -> Transition? {
        guard epoch == self.epoch else { return nil }
        switch self.phase {
        case .closed:
            guard outcome != .neutral else { return nil }
            self.count(outcome, at: now)
            guard outcome == .failure, self.isFailing else { return nil }
            self.open(at: now)
            return .opened
        case .open: return nil
        case .halfOpen(let asked, let succeeded):
            switch outcome {
            case .neutral:
                // Somebody else probes in its place.
                self.phase = .halfOpen(asked: asked - 1, succeeded: succeeded)
                return nil
            case .failure:
                self.openDuration = min(self.openDuration * 2, self.policy.maximumOpenDuration)
                self.open(at: now)
                return .opened
            case .success:
                guard succeeded + 1 == self.policy.probes else {
                    self.phase = .halfOpen(asked: asked, succeeded: succeeded + 1)
                    return nil
                }
                self.phase = .closed
                self.epoch &+= 1
                self.openDuration = self.policy.openDuration
                (self.counts, self.before) = ((0, 0), (0, 0))
                return .closed
            }
        }
    }

    private var isFailing: Bool {
        let calls = self.counts.calls + self.before.calls
        let failures = self.counts.failures + self.before.failures
        return calls >= self.policy.minimumCalls && Double(failures) >= self.policy.failureRatio * Double(calls)
    }

    private mutating func count(_ outcome: Outcome, at now: Deadline) {
        if now >= self.halfEnds {
            let half = self.policy.window / 2
            let isRecent = now < self.halfEnds.advanced(by: half)
            self.before = isRecent ? self.counts : (0, 0)
            self.counts = (0, 0)
            self.halfEnds = now.advanced(by: half)
        }
        self.counts.calls += 1
        if outcome == .failure { self.counts.failures += 1 }
    }

    private mutating func open(at now: Deadline) {
        self.epoch &+= 1
        self.phase = .open(until: now.advanced(by: self.openDuration))
    }
}

extension MeshError.Code {
    /// Whether the code says that the callee is unwell, rather than something about the request or the caller.
    package var isFailureOfCallee: Bool {
        switch self {
        case .unavailable, .deadlineExceeded, .internal, .unknown, .dataLoss: true
        default: false
        }
    }
}
