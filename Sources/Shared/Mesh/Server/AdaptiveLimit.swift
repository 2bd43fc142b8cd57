/// How the number of heavy calls at a time follows what the server can take.
public struct AdaptiveLimitPolicy: Sendable {
    /// A call may wait so long for a thread; when even the luckiest of an interval waits longer, there are too many.
    public var target: Duration
    public var interval: Duration

    public init(target: Duration = .milliseconds(10), interval: Duration = .milliseconds(100)) {
        self.target = target
        self.interval = interval
    }
}

/// A limit on calls at a time by additive increase and multiplicative decrease, once an interval at most.
///
/// The sign of congestion is CoDel's (Nichols, Jacobson, 2012): the *shortest* wait for a thread in an interval was above the
/// target, so the queue never emptied. Handlers that wait for others take no thread meanwhile; for them the sign is that every
/// tenth call ran out of time.
package struct AdaptiveLimit: Sendable {
    package private(set) var value: Int
    private let minimum: Int
    private let maximum: Int
    private let policy: AdaptiveLimitPolicy?
    private var intervalEnds = Deadline(nanoseconds: 0)
    private var shortestDelay: Duration?
    private var calls = 0
    private var ranOut = 0
    private var wasReached = false

    /// - Parameter policy: `nil`: the limit stays at the maximum.
    package init(minimum: Int, maximum: Int, policy: AdaptiveLimitPolicy?) {
        self.maximum = max(1, maximum)
        self.minimum = min(max(1, minimum), self.maximum)
        self.value = self.maximum
        self.policy = policy
    }

    /// A call had to wait or go because of the limit.
    package mutating func limitReached() {
        self.wasReached = true
    }

    package mutating func callEnded(startDelay: Duration, ranOut: Bool, at now: Deadline) {
        guard let policy = self.policy else { return }
        self.calls += 1
        if ranOut { self.ranOut += 1 }
        self.shortestDelay = min(self.shortestDelay ?? startDelay, startDelay)
        guard now >= self.intervalEnds else { return }
        let isFirst = self.intervalEnds == Deadline(nanoseconds: 0)
        self.intervalEnds = now.advanced(by: policy.interval)
        if isFirst { return }
        if self.isCongested(policy) {
            self.value = max(self.minimum, min(self.value - 1, Int((Double(self.value) * 0.9).rounded(.down))))
        } else if self.wasReached {
            self.value = min(self.maximum, self.value + 1)
        }
        (self.shortestDelay, self.calls, self.ranOut, self.wasReached) = (nil, 0, 0, false)
    }

    private func isCongested(_ policy: AdaptiveLimitPolicy) -> Bool {
        if let shortest = self.shortestDelay, shortest > policy.target { return true }
        return self.calls >= 10 && self.ranOut * 10 >= self.calls
    }
}
