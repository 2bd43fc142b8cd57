public import Logging
internal import Synchronization

/// Calls one service on whichever of its replicas is likely to answer first.
///
/// The first client of the process starts threads, those of nng among them, which a forked child would not have.
public final class MeshClient: Sendable {
    struct State: ~Copyable {
        var replicas: ReplicaSet
        var balancer: Balancer
        var budget: RetryBudget
        var methods: [MethodState] = []
        /// Some replica has been ready once: from then on none being ready is a failure, not a start.
        var hasBeenReady = false
        var isShutDown = false
        var observation: Int?
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
    }

    /// The service's name in the directory.
    public let service: String
    let discovery: Discovery
    let configuration: MeshClientConfiguration
    let logger: Logger
    let mutex: Mutex<State>

    public init(service: String, discovery: Discovery, configuration: MeshClientConfiguration = .init(), logger: Logger) {
        self.service = service
        self.discovery = discovery
        self.configuration = configuration
        self.logger = logger
        let retries = configuration.retries
        self.mutex = Mutex(
            State(
                replicas: ReplicaSet(outliers: configuration.outliers), balancer: Balancer(seed: .random(in: .min ... .max)),
                budget: RetryBudget(ratio: retries.budgetRatio, perSecond: retries.budgetPerSecond, at: .now)))
        let observation = discovery.observe(service) { [weak self] endpoints in
            SerialThread.control.run { [weak self] in self?.update(endpoints) }
        }
        self.mutex.withLock { $0.observation = observation }
    }

    deinit {
        if let observation = self.mutex.withLock({ $0.observation }) { self.discovery.removeObserver(observation) }
        for replica in self.mutex.withLock({ $0.replicas.all }) { replica.retire() }
    }

    /// The replicas that are known, by name.
    public var state: [ReplicaState] {
        let (replicas, ejected) = self.mutex.withLock { ($0.replicas.all, $0.replicas.ejected) }
        return replicas.map { replica in
            var description = replica.description
            description.isEjected = ejected.contains(description.name)
            return description
        }
    }

    /// What the client has learnt about the methods that it called.
    public var methodStates: [MethodCallState] { self.mutex.withLock { $0.methods.map(\.description) } }

    /// Retries and hedges that may be made at once.
    public var retryBudget: Double { self.mutex.withLock { $0.budget.balance } }

    /// Waits until a condition on the replicas holds.
    ///
    /// - Throws: ``MeshError`` with `deadlineExceeded` or `cancelled`, or `unavailable` when the client is shut down.
    public func waitUntil(
        deadline: Deadline = .never, _ condition: @escaping @Sendable ([ReplicaState]) -> Bool
    ) async throws(MeshError) {
        while true {
            let waiter = Waiter()
            let (id, isShutDown) = self.addWaiter(waiter)
            defer { self.mutex.withLock { $0.waiters[id] = nil } }
            if isShutDown { throw MeshError(.unavailable, "the client is shut down") }
            // Asked after the waiter is in place, so that no change is missed.
            if condition(self.state) { return }
            try await waiter.wait(until: deadline)
        }
    }

    /// Stops calling: calls in flight end, new ones are refused, connections close.
    public func shutdown() async {
        let (observation, replicas, waiters) = self.mutex.withLock { state in
            state.isShutDown = true
            defer {
                state.observation = nil
                state.replicas.replace([])
                state.replicas.sort(at: .now)
            }
            return (state.observation, state.replicas.all, Array(state.waiters.values))
        }
        if let observation { self.discovery.removeObserver(observation) }
        for replica in replicas { replica.retire() }
        for waiter in waiters { waiter.wake() }
        // Closing is queued there by now, where no call is in flight.
        await SerialThread.control.perform {}
    }

    func event(_ event: MeshClientEvent, _ method: MethodDescriptor? = nil) {
        self.configuration.observer?.clientEvent(event, method, service: self.service)
    }
}
