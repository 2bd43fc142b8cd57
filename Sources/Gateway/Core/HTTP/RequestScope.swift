public import Domain
public import Mesh

/// What belongs to one request and travels with the calls made for it.
public struct RequestScope: Sendable {
    /// Sent back as `X-Request-ID` and passed on to the services.
    public var requestID: String
    public var trace: TraceContext
    /// When the answer is due; what is left is what each stage may use.
    public var deadline: Deadline
    public var receivedAt: Timestamp
    /// Of whoever asks; `nil` where there is none.
    public var clientAddress: String?

    public init(
        requestID: String, trace: TraceContext, deadline: Deadline, receivedAt: Timestamp, clientAddress: String? = nil
    ) {
        self.requestID = requestID
        self.trace = trace
        self.deadline = deadline
        self.receivedAt = receivedAt
        self.clientAddress = clientAddress
    }
}
