/// Decides whether and when a process that ended is started again. No clock and no process: moments come in, decisions go out.
public struct RestartStateMachine: Sendable {
    public struct Policy: Sendable {
        /// Wait before the first restart; doubled with each failure in a row.
        public var initialDelay: Duration
        public var maximumDelay: Duration
        /// A process that was ready for this long starts again with the initial delay.
        public var healthyAfter: Duration

        public init(
            initialDelay: Duration = .milliseconds(100), maximumDelay: Duration = .seconds(5), healthyAfter: Duration = .seconds(10)
        ) {
            (self.initialDelay, self.maximumDelay, self.healthyAfter) = (initialDelay, maximumDelay, healthyAfter)
        }
    }

    public enum Phase: String, Sendable, Codable {
        /// Never started yet.
        case idle
        /// Runs and isn't ready.
        case starting
        case ready
        /// Ended; waits to be started again.
        case backingOff = "backing off"
        /// Told to end.
        case stopping
        case stopped
    }

    public enum Decision: Hashable, Sendable {
        case restart(after: Duration)
        /// The process was told to end, so it stays ended.
        case stay
    }

    public private(set) var phase = Phase.idle
    /// Starts after the first one.
    public private(set) var restarts = 0
    /// Ends in a row without a healthy run between them.
    public private(set) var failuresInARow = 0
    private let policy: Policy
    private var readySince: ContinuousClock.Instant?
    private var hasStarted = false

    public init(policy: Policy = Policy()) { self.policy = policy }

    /// The process runs. If it was told to end while it was being started, it stays so: its owner ends it at once.
    public mutating func started() {
        guard self.phase != .stopping, self.phase != .stopped else { return }
        if self.hasStarted { self.restarts += 1 }
        self.hasStarted = true
        self.phase = .starting
        self.readySince = nil
    }

    public mutating func becameReady(at now: ContinuousClock.Instant) {
        guard self.phase == .starting else { return }
        self.phase = .ready
        self.readySince = now
    }

    public mutating func stopRequested() {
        self.phase = self.phase == .idle || self.phase == .backingOff ? .stopped : .stopping
    }

    /// The process ended, or could not be started.
    public mutating func ended(at now: ContinuousClock.Instant) -> Decision {
        switch self.phase {
        case .stopping, .stopped:
            self.phase = .stopped
            return .stay
        case .idle, .starting, .ready, .backingOff:
            if let readySince, readySince.duration(to: now) >= self.policy.healthyAfter { self.failuresInARow = 0 }
            let delay = min(self.policy.maximumDelay, self.policy.initialDelay * (1 << min(self.failuresInARow, 16)))
            self.failuresInARow += 1
            self.readySince = nil
            self.phase = .backingOff
            return .restart(after: delay)
        }
    }
}
