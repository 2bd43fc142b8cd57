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
    /// Calls that one replica may have in flight from this client.
    public var maximumInFlight: Int
    /// What an inherited deadline is shortened by, so that a handler still has time for its own reply.
    public var hopReserve: Duration
    /// A server is told that its caller has given up when the call has taken so long; before, the word would come too late.
    public var cancelNotice: Duration
    public var retries: RetryPolicy
    /// `nil`: no call is refused for what happened to others.
    public var breaker: CircuitBreakerPolicy?
    /// `nil`: no replica is ejected.
    public var outliers: OutlierPolicy?
    /// `nil`: no call is made twice.
    public var hedging: HedgingPolicy?
    /// From the outermost to the innermost.
    public var interceptors: [MeshClientInterceptor]
    public var observer: (any MeshMetricsObserver)?

    public init(
        defaultTimeout: Duration = .seconds(1),
        maximumMessageSize: Int = 16 << 20,
        security: TransportSecurity? = nil,
        maximumInFlight: Int = 512,
        hopReserve: Duration = .milliseconds(1),
        cancelNotice: Duration = .milliseconds(10),
        retries: RetryPolicy = .init(),
        breaker: CircuitBreakerPolicy? = .init(),
        outliers: OutlierPolicy? = .init(),
        hedging: HedgingPolicy? = .init(),
        interceptors: [MeshClientInterceptor] = [],
        observer: (any MeshMetricsObserver)? = nil
    ) {
        self.defaultTimeout = defaultTimeout
        self.maximumMessageSize = maximumMessageSize
        self.security = security
        self.maximumInFlight = max(1, maximumInFlight)
        self.hopReserve = hopReserve
        self.cancelNotice = cancelNotice
        self.retries = retries
        self.breaker = breaker
        self.outliers = outliers
        self.hedging = hedging
        self.interceptors = interceptors
        self.observer = observer
    }
}
