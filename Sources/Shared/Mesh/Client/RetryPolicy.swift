/// When a call of an idempotent method is made again: only after no replica answered it, because the connection was lost or
/// because the one asked refused it before it began.
public struct RetryPolicy: Sendable {
    /// Attempts in all, the first included.
    public var maximumAttempts: Int
    /// Upper bound of the first wait; doubles with each attempt.
    public var baseDelay: Duration
    public var maximumDelay: Duration
    /// Retries and hedges may be so large a share of the calls.
    public var budgetRatio: Double
    /// Retries that are always allowed, a second.
    public var budgetPerSecond: Double

    public init(
        maximumAttempts: Int = 3,
        baseDelay: Duration = .milliseconds(2),
        maximumDelay: Duration = .milliseconds(100),
        budgetRatio: Double = 0.2,
        budgetPerSecond: Double = 10
    ) {
        self.maximumAttempts = max(1, maximumAttempts)
        self.baseDelay = baseDelay
        self.maximumDelay = maximumDelay
        self.budgetRatio = budgetRatio
        self.budgetPerSecond = budgetPerSecond
    }

    /// Never asks twice.
    public static let never = RetryPolicy(maximumAttempts: 1)

    /// Exponential back-off with full jitter (Brooker: Exponential Backoff and Jitter, 2015).
    ///
    /// - Parameter attempt: How many were made, 1 or more.
    /// - Returns: What to wait before the next attempt; `nil`: the failure stands.
    package func delay(
        afterAttempt attempt: Int, of method: MethodDescriptor, remaining: Duration, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        guard method.isIdempotent, attempt < self.maximumAttempts, remaining > .zero else { return nil }
        let bound = min(self.maximumDelay, self.baseDelay * (1 << min(attempt - 1, 20)))
        guard bound > .zero else { return .zero }
        let delay = bound * Double.random(in: 0..<1, using: &generator)
        return delay < remaining ? delay : nil
    }
}
