public import Telemetry

/// Runs round a handler: may change the context, refuse the call, and look at its outcome.
public typealias MeshServerInterceptor =
    @Sendable (MethodDescriptor, CallContext, _ next: @Sendable (CallContext) async throws -> Void) async throws -> Void

public struct MeshServerConfiguration: Sendable {
    /// Calls at a time; what is over waits in the sockets.
    public var maximumConcurrency: Int
    /// Threads for heavy handlers; 0: one for each core.
    public var heavyThreads: Int
    /// Heavy calls that may run at a time; more of them wait.
    public var maximumHeavyCalls: Int
    /// Heavy calls that may wait; beyond, those with the least time left are refused with `RESOURCE_EXHAUSTED`.
    public var maximumQueuedCalls: Int
    /// How the number of heavy calls at a time sinks under load; `nil`: it doesn't.
    public var adaptiveLimit: AdaptiveLimitPolicy?
    /// Bytes of a request or reply, envelope included.
    public var maximumMessageSize: Int
    /// Certificates for `tls+tcp` addresses.
    public var security: TransportSecurity?
    /// Share of the calls against other replicas: the version of a canary gets the share that its weights have in the sum.
    public var weight: Double
    /// Share of the calls, 0 to 1, of which this replica wants a flagged copy; above 0 it gets no call itself.
    public var shadowShare: Double
    /// Clients of this process, for `StateService` to report on.
    public var clients: @Sendable () -> [MeshClient]
    /// After so long a drain ends with calls still in flight.
    public var drainTimeout: Duration
    /// A drain ends after so long without a call even when clients stay connected.
    public var drainQuiet: Duration
    /// Between two dials of the server to itself.
    public var watchdogInterval: Duration
    /// After so long without a connection the server listens at a new address.
    public var watchdogPatience: Duration
    /// From the outermost to the innermost.
    public var interceptors: [MeshServerInterceptor]
    public var observer: (any MeshMetricsObserver)?
    /// Records calls whose trace is sampled; `nil`: none.
    public var traces: TraceRecorder?

    public init(
        maximumConcurrency: Int = 128,
        heavyThreads: Int = 0,
        maximumHeavyCalls: Int = 64,
        maximumQueuedCalls: Int = 64,
        adaptiveLimit: AdaptiveLimitPolicy? = .init(),
        maximumMessageSize: Int = 16 << 20,
        security: TransportSecurity? = nil,
        weight: Double = 1,
        shadowShare: Double = 0,
        clients: @escaping @Sendable () -> [MeshClient] = { [] },
        drainTimeout: Duration = .seconds(10),
        drainQuiet: Duration = .milliseconds(250),
        watchdogInterval: Duration = .seconds(1),
        watchdogPatience: Duration = .milliseconds(500),
        interceptors: [MeshServerInterceptor] = [],
        observer: (any MeshMetricsObserver)? = nil,
        traces: TraceRecorder? = nil
    ) {
        self.maximumConcurrency = max(1, maximumConcurrency)
        self.heavyThreads = heavyThreads
        self.maximumHeavyCalls = max(1, maximumHeavyCalls)
        self.maximumQueuedCalls = max(0, maximumQueuedCalls)
        self.adaptiveLimit = adaptiveLimit
        self.maximumMessageSize = maximumMessageSize
        self.security = security
        self.weight = weight
        self.shadowShare = shadowShare
        self.clients = clients
        self.drainTimeout = drainTimeout
        self.drainQuiet = drainQuiet
        self.watchdogInterval = watchdogInterval
        self.watchdogPatience = watchdogPatience
        self.interceptors = interceptors
        self.observer = observer
        self.traces = traces
    }
}
