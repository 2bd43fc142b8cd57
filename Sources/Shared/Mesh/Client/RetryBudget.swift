/// How many calls may be made again or twice: a share of those that were made, so that retries can't multiply an overload
/// (Finagle's retry budget).
package struct RetryBudget: Sendable {
    private let ratio: Double
    private let perSecond: Double
    private let capacity: Double
    private var tokens: Double
    private var updated: UInt64

    /// - Parameters:
    ///   - ratio: Tokens that a first attempt brings; a retry takes one.
    ///   - perSecond: Tokens that come by themselves, for clients with few calls.
    package init(ratio: Double, perSecond: Double, at now: Deadline) {
        self.ratio = max(0, ratio)
        self.perSecond = max(0, perSecond)
        // What ten seconds bring, and a burst of calls besides.
        self.capacity = self.perSecond * 10 + self.ratio * 500
        self.tokens = self.perSecond
        self.updated = now.nanoseconds
    }

    /// What could be taken when it was last looked at.
    package var balance: Double { self.tokens }

    package mutating func deposit() {
        self.tokens = min(self.capacity, self.tokens + self.ratio)
    }

    /// - Returns: Whether a retry may be made; it is paid for then.
    package mutating func withdraw(at now: Deadline) -> Bool {
        let elapsed = Double(now.nanoseconds &- min(now.nanoseconds, self.updated)) / 1e9
        self.updated = max(now.nanoseconds, self.updated)
        self.tokens = min(self.capacity, self.tokens + elapsed * self.perSecond)
        guard self.tokens >= 1 else { return false }
        self.tokens -= 1
        return true
    }
}
