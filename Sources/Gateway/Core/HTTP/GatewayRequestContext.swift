internal import Domain
internal import HummingbirdCore
internal import Mesh
public import Hummingbird
public import Logging

/// Hummingbird's context of one request.
public struct GatewayRequestContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Set by the outermost middleware before anything else sees the request.
    public var scope: RequestScope
    let peer: String?

    /// Where a context comes from: needs no channel, so that a request can be answered without one.
    public struct Source: RequestContextSource {
        public let logger: Logger
        /// Of the connection's other end.
        public let peer: String?
    }

    public init(source: Source) {
        self.coreContext = .init(source: source)
        self.peer = source.peer
        self.scope = RequestScope(
            requestID: "", trace: TraceContext(traceHigh: 0, traceLow: 0, span: 0, sampled: false), deadline: .after(.zero),
            receivedAt: Timestamp(rawValue: 0))
    }
}
