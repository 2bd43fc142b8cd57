package import Reactor

/// Whether a server is worth asking. No I/O and no clock: moments come in, decisions come out.
///
/// Closed, it lets everything through and counts failures in a row; after too many it opens and refuses at once, so that nobody waits for a
/// server that hangs. When it has been open for a while one call probes: its success closes, its failure opens again for twice as long.
package struct BreakerStateMachine {
    package struct Policy: Sendable {
        /// Failures in a row that open it.
        package var threshold = 5
        /// How long it stays open at first; doubles with each probe that fails.
        package var shortest: Duration = .milliseconds(250)
        package var longest: Duration = .seconds(4)

        package init() {}
    }

    package enum State: Int, Sendable { case closed, halfOpen, open }

    package enum Admission: Equatable {
        /// Go on, and report the outcome under this number: what calls of an earlier phase report says nothing about the present.
        case call(UInt64)
        case refuse(retryAfter: Duration)
    }

    private enum Phase {
        case closed(failures: Int)
        case open(until: MonotonicTime, trips: Int)
        case probing(trips: Int)
    }

    private let policy: Policy
    private var phase = Phase.closed(failures: 0)
    private var number: UInt64 = 0
    /// Times that it opened.
    package private(set) var openings: UInt64 = 0
    package private(set) var refusals: UInt64 = 0

    package init(policy: Policy = Policy()) { self.policy = policy }

    package var state: State {
        switch self.phase {
        case .closed: .closed
        case .open: .open
        case .probing: .halfOpen
        }
    }

    package mutating func admit(at now: MonotonicTime) -> Admission {
        switch self.phase {
        case .closed: return .call(self.number)
        case .open(let until, let trips) where now >= until:
            self.enter(.probing(trips: trips))
            return .call(self.number)
        case .open(let until, _):
            self.refusals += 1
            return .refuse(retryAfter: until.since(now))
        case .probing:
            self.refusals += 1
            return .refuse(retryAfter: self.policy.shortest)
        }
    }

    package mutating func succeeded(_ number: UInt64) {
        guard number == self.number else { return }
        switch self.phase {
        case .closed(failures: 0): break
        case .closed: self.phase = .closed(failures: 0)
        case .probing: self.enter(.closed(failures: 0))
        case .open: break
        }
    }

    /// - Parameter jitter: 0…1: how much of the last half of the time it stays open, so that many clients don't probe at once.
    package mutating func failed(_ number: UInt64, at now: MonotonicTime, jitter: Double) {
        guard number == self.number else { return }
        switch self.phase {
        case .closed(let failures) where failures + 1 < self.policy.threshold: self.phase = .closed(failures: failures + 1)
        case .closed: self.open(trips: 1, at: now, jitter)
        case .probing(let trips): self.open(trips: trips + 1, at: now, jitter)
        case .open: break
        }
    }

    /// The call ended without saying anything about the server. If it was the probe, the next one probes.
    package mutating func abandoned(_ number: UInt64, at now: MonotonicTime) {
        guard number == self.number, case .probing(let trips) = self.phase else { return }
        self.enter(.open(until: now, trips: trips))
    }

    private mutating func open(trips: Int, at now: MonotonicTime, _ jitter: Double) {
        self.openings += 1
        let ceiling = min(self.policy.longest, self.policy.shortest * (1 << min(trips - 1, 16)))
        self.enter(.open(until: now.advanced(by: ceiling * (0.5 + 0.5 * jitter)), trips: trips))
    }

    private mutating func enter(_ phase: Phase) {
        self.phase = phase
        self.number += 1
    }
}
