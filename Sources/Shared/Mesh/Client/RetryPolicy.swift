/// Decides whether a call that got no reply is made again on another replica.
public protocol RetryPolicy: Sendable {
    /// - Parameters:
    ///   - attempt: How many were made, 1 or more.
    ///   - deadline: Of the call.
    /// - Returns: What to wait before the next attempt; `nil`: the failure stands.
    func delay(afterAttempt attempt: Int, of method: MethodDescriptor, deadline: Deadline) -> Duration?
}

/// Asks once more, at once, when the method is idempotent and time is left.
public struct SingleRetryPolicy: RetryPolicy {
    public init() {}

    public func delay(afterAttempt attempt: Int, of method: MethodDescriptor, deadline: Deadline) -> Duration? {
        attempt == 1 && method.isIdempotent && !deadline.isExpired ? .zero : nil
    }
}
