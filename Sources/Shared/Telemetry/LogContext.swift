/// Which request the current task works for. Log lines written inside carry its identifiers.
public struct LogContext: Sendable, Hashable {
    /// The `X-Request-ID` of the HTTP request at the edge.
    public var requestID: String?
    /// The W3C trace id: 32 hexadecimal digits.
    public var traceID: String?

    public init(requestID: String? = nil, traceID: String? = nil) {
        (self.requestID, self.traceID) = (requestID, traceID)
    }

    @TaskLocal public static var current: LogContext?
}
