/// Runs round a call: may change the context, refuse the call, and look at its outcome.
public typealias MeshClientInterceptor =
    @Sendable (
        MethodDescriptor, CallContext, _ next: @Sendable (CallContext) async throws(MeshError) -> Void
    ) async throws(MeshError) -> Void

public struct MeshClientConfiguration: Sendable {
    /// Budget of a call where neither caller nor method says one.
    public var defaultTimeout: Duration
    /// Bytes of a request or reply, envelope included.
    public var maximumMessageSize: Int
    /// Certificates for `tls+tcp` addresses.
    public var security: TransportSecurity?
    public var retryPolicy: any RetryPolicy
    /// From the outermost to the innermost.
    public var interceptors: [MeshClientInterceptor]
    public var observer: (any MeshMetricsObserver)?

    public init(
        defaultTimeout: Duration = .seconds(1),
        maximumMessageSize: Int = 16 << 20,
        security: TransportSecurity? = nil,
        retryPolicy: any RetryPolicy = SingleRetryPolicy(),
        interceptors: [MeshClientInterceptor] = [],
        observer: (any MeshMetricsObserver)? = nil
    ) {
        self.defaultTimeout = defaultTimeout
        self.maximumMessageSize = maximumMessageSize
        self.security = security
        self.retryPolicy = retryPolicy
        self.interceptors = interceptors
        self.observer = observer
    }
}
