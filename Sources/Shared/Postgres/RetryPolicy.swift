/// When a statement that changes nothing is tried again. No clock: it says how long to wait.
package struct RetryPolicy: Sendable {
    /// Attempts in all.
    package var attempts = 3
    /// Before the second attempt at most; doubles from one to the next. Any part of it is waited, so that callers don't come in step.
    package var pause: Duration = .milliseconds(20)

    package init() {}

    /// - Parameters:
    ///   - attempt: The one that failed, from 1.
    ///   - budget: What is left of the caller's time; `nil`: nothing limits it.
    /// - Returns: How long to wait; `nil` if the error stands.
    package func pause(
        after error: PostgresError, attempt: Int, budget: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        guard attempt < self.attempts else { return nil }
        switch error.code {
        case .connectionFailed, .serverUnavailable, .serializationFailure: break
        // An exhausted pool or a slow server gets no more work; an open circuit has said no.
        default: return nil
        }
        let ceiling = self.pause * (1 << min(attempt - 1, 8))
        let pause = ceiling * Double.random(in: 0...1, using: &generator)
        if let budget, pause * 2 > budget { return nil }
        return pause
    }
}
