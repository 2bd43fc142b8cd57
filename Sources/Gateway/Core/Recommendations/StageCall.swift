public import Mesh

/// What a call to another service carries along: until when, and for which request.
public struct StageCall: Sendable {
    public var deadline: Deadline
    public var trace: TraceContext
    public var requestID: String

    public init(deadline: Deadline, trace: TraceContext, requestID: String) {
        self.deadline = deadline
        self.trace = trace
        self.requestID = requestID
    }
}

extension RequestScope {
    /// A call that may use a share of what is left of the request's time, so that something is left for the stages behind it.
    func call(share: Double) -> StageCall {
        StageCall(deadline: .after(self.deadline.remaining * share), trace: self.trace, requestID: self.requestID)
    }
}
