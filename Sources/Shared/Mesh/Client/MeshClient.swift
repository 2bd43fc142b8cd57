public import Logging
internal import Synchronization

/// Calls one service on whichever of its replicas is likely to answer first.
///
/// The first client of the process starts threads, those of nng among them, which a forked child would not have.
public final class MeshClient: Sendable {
    private struct State: ~Copyable {
        var replicas: [Replica] = []
        var ready: [Replica] = []
        var balancer: Balancer
        /// Some replica has been ready once: from then on none being ready is a failure, not a start.
        var hasBeenReady = false
        var isShutDown = false
        var observation: Int?
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
    }

    /// The service's name in the directory.
    public let service: String
    private let discovery: Discovery
    private let configuration: MeshClientConfiguration
    private let logger: Logger
    private let mutex: Mutex<State>

    public init(service: String, discovery: Discovery, configuration: MeshClientConfiguration = .init(), logger: Logger) {
        self.service = service
        self.discovery = discovery
        self.configuration = configuration
        self.logger = logger
        self.mutex = Mutex(State(balancer: Balancer(seed: .random(in: .min ... .max))))
        let observation = discovery.observe(service) { [weak self] endpoints in
            SerialThread.control.run { [weak self] in self?.update(endpoints) }
        }
        self.mutex.withLock { $0.observation = observation }
    }

    deinit {
        if let observation = self.mutex.withLock({ $0.observation }) { self.discovery.removeObserver(observation) }
        for replica in self.mutex.withLock({ $0.replicas }) { replica.retire() }
    }

    /// The replicas that are known, by name.
    public var state: [ReplicaState] { self.mutex.withLock { $0.replicas }.map(\.description) }

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
                state.replicas = []
                state.ready = []
            }
            return (state.observation, state.replicas, Array(state.waiters.values))
        }
        if let observation { self.discovery.removeObserver(observation) }
        for replica in replicas { replica.retire() }
        for waiter in waiters { waiter.wake() }
        // Closing is queued there by now, where no call is in flight.
        await SerialThread.control.perform {}
    }

    // MARK: Calls

    /// Calls a method and waits for its reply.
    ///
    /// - Parameters:
    ///   - deadline: When the reply is of no more use; that of the context holds if it is earlier.
    ///   - context: What deadline, trace and metadata are inherited from; `nil`: ``CallContext/current``.
    /// - Throws: ``MeshError``: what the handler answered, or why there is no answer.
    public func call<Request: MeshMessage, Response: MeshMessage>(
        _ method: MethodDescriptor, _ request: Request, deadline: Deadline? = nil, context: CallContext? = nil
    ) async throws(MeshError) -> Response {
        let start = Deadline.now
        let context = self.outgoing(method, deadline, context ?? CallContext.current)
        let progress = CallProgress()
        do {
            let reply: MessageBuffer
            if self.configuration.interceptors.isEmpty {
                reply = try await self.attempts(method, request, context, progress)
            } else {
                reply = try await self.intercepted(method, request, context, progress)
            }
            let response = try Self.response(Response.self, from: reply)
            self.ended(method, progress, nil, since: start)
            return response
        } catch {
            self.ended(method, progress, error.code, since: start)
            throw error
        }
    }

    private func outgoing(_ method: MethodDescriptor, _ deadline: Deadline?, _ inherited: CallContext?) -> CallContext {
        let own = deadline ?? (inherited == nil ? .after(method.timeout ?? self.configuration.defaultTimeout) : .never)
        let trace = self.mutex.withLock { state in
            inherited.map { state.balancer.child(of: $0.trace) } ?? state.balancer.trace()
        }
        return CallContext(
            deadline: min(own, inherited?.deadline ?? .never), trace: trace, metadata: inherited?.metadata ?? [:],
            method: method.fullName)
    }

    private func ended(_ method: MethodDescriptor, _ progress: CallProgress, _ code: MeshError.Code?, since start: Deadline) {
        guard let observer = self.configuration.observer else { return }
        let (replica, attempts) = progress.summary
        observer.clientCallEnded(
            method, service: self.service, replica: replica, code: code,
            duration: .nanoseconds(Int64(Deadline.now.nanoseconds - start.nanoseconds)), attempts: attempts)
    }

    private func intercepted(
        _ method: MethodDescriptor, _ request: some MeshMessage, _ context: CallContext, _ progress: CallProgress
    ) async throws(MeshError) -> MessageBuffer {
        let box = MessageBox()
        var chain: @Sendable (CallContext) async throws(MeshError) -> Void = { (context) async throws(MeshError) in
            box.put(try await self.attempts(method, request, context, progress))
        }
        for interceptor in self.configuration.interceptors.reversed() {
            let next = chain
            chain = { (context) async throws(MeshError) in try await interceptor(method, context, next) }
        }
        try await chain(context)
        guard let reply = box.take() else { throw MeshError(.internal, "an interceptor let no call through and threw nothing") }
        return reply
    }

    private func attempts(
        _ method: MethodDescriptor, _ request: some MeshMessage, _ context: CallContext, _ progress: CallProgress
    ) async throws(MeshError) -> MessageBuffer {
        var failed: Replica?
        var attempt = 0
        while true {
            if context.deadline.isExpired { throw MeshError(.deadlineExceeded, "no time was left for \(method.fullName)") }
            let replica = try await self.replica(excluding: failed, until: context.deadline)
            attempt += 1
            progress.asked(replica.endpoint.name)
            let message = try self.encode(method, request, context)
            let failure: MeshError
            switch await replica.call(message, deadline: context.deadline) {
            case .reply(let reply):
                try self.inspect(reply, from: replica)
                return reply
            case .failure(let error): throw error
            case .unavailable(let error): failure = error
            }
            self.discovery.refresh()
            guard let delay = self.configuration.retryPolicy.delay(afterAttempt: attempt, of: method, deadline: context.deadline)
            else { throw failure }
            if delay > .zero {
                do { try await Task.sleep(for: delay) } catch { throw MeshError(.cancelled, "the caller gave up") }
            }
            failed = replica
            self.logger.debug("retrying", metadata: ["method": "\(method.fullName)", "failed.replica": "\(replica.endpoint.name)"])
        }
    }

    private func encode(
        _ method: MethodDescriptor, _ request: some MeshMessage, _ context: CallContext
    ) throws(MeshError) -> MessageBuffer {
        let metadata = try Metadata.encode(context.metadata)
        var flags: Envelope.Flags = []
        if method.isIdempotent { flags.insert(.idempotent) }
        if context.trace.sampled { flags.insert(.sampled) }
        let envelope = Envelope(
            kind: .call,
            flags: flags,
            method: method.id,
            instant: context.deadline.nanoseconds,
            traceHigh: context.trace.traceHigh,
            traceLow: context.trace.traceLow,
            span: context.trace.span,
            metadataCount: UInt16(metadata.count))
        return try MessageCoder.encode(
            request, envelope: envelope, metadata: metadata, limit: self.configuration.maximumMessageSize)
    }

    /// Notes what the reply says about the server, and throws what it says about the call.
    private func inspect(_ reply: borrowing MessageBuffer, from replica: Replica) throws(MeshError) {
        let envelope = try unsafe reply.withBytes { (bytes) throws(MeshError) in try unsafe Envelope(reading: bytes) }
        guard envelope.kind == .reply else { throw MeshError(.internal, "the answer isn't a reply") }
        if envelope.flags.contains(.draining) { replica.serverDrains() }
        guard envelope.status != 0 else { return }
        throw MessageCoder.decodeError(reply, envelope)
    }

    private static func response<Response: MeshMessage>(
        _ type: Response.Type, from reply: borrowing MessageBuffer
    ) throws(MeshError) -> Response {
        do {
            return try MessageCoder.decode(reply)
        } catch {
            throw MeshError(.internal, "the reply can't be read: \(error.message)")
        }
    }

    // MARK: Replicas

    private func replica(excluding failed: Replica?, until deadline: Deadline) async throws(MeshError) -> Replica {
        while true {
            let waiter: Waiter
            switch self.choose(excluding: failed) {
            case .use(let replica): return replica
            case .fail(let error): throw error
            case .wait: waiter = Waiter()
            }
            let (id, _) = self.addWaiter(waiter)
            defer { self.mutex.withLock { $0.waiters[id] = nil } }
            // Once more with the waiter in place, so that no change is missed.
            guard case .wait = self.choose(excluding: failed) else { continue }
            do {
                try await waiter.wait(until: deadline)
            } catch {
                guard error.code == .deadlineExceeded else { throw error }
                throw MeshError(.unavailable, "no replica of \(self.service) was found in time")
            }
        }
    }

    private enum Choice {
        case use(Replica)
        case wait
        case fail(MeshError)
    }

    private func choose(excluding failed: Replica?) -> Choice {
        let now = Deadline.now
        return self.mutex.withLock { state in
            if state.isShutDown { return .fail(MeshError(.unavailable, "the client is shut down")) }
            let ready = state.ready
            let excluded = failed.flatMap { failed in ready.firstIndex { $0 === failed } }
            if let index = state.balancer.pick(count: ready.count, excluding: excluded, cost: { ready[$0].cost(at: now) }) {
                return .use(ready[index])
            }
            // Before the first replica a call waits, and while a new one connects; after a loss it fails at once.
            if !state.hasBeenReady || state.replicas.contains(where: { $0.isConnecting }) { return .wait }
            return .fail(MeshError(.unavailable, "no replica of \(self.service) is connected"))
        }
    }

    private func addWaiter(_ waiter: Waiter) -> (id: Int, isShutDown: Bool) {
        self.mutex.withLock { state in
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = waiter
            return (state.nextWaiter, state.isShutDown)
        }
    }

    /// Runs on ``SerialThread/control``.
    private func update(_ endpoints: [Endpoint]) {
        let known = self.mutex.withLock { $0.isShutDown ? nil : $0.replicas }
        guard let known else { return }
        var replicas: [Replica] = []
        for endpoint in endpoints {
            if let replica = known.first(where: { $0.endpoint == endpoint }) {
                replicas.append(replica)
                continue
            }
            do {
                replicas.append(try self.connect(endpoint))
            } catch {
                self.logger.warning("replica can't be dialled", metadata: ["replica": "\(endpoint.name)", "error": "\(error)"])
            }
        }
        let isShutDown = self.mutex.withLock { state in
            if !state.isShutDown { state.replicas = replicas }
            return state.isShutDown
        }
        for replica in known where !replicas.contains(where: { $0 === replica }) { replica.retire() }
        // Those that were known are retired by the shutdown.
        if isShutDown { for replica in replicas where !known.contains(where: { $0 === replica }) { replica.retire() } }
        self.replicasChanged()
    }

    private func connect(_ endpoint: Endpoint) throws(MeshError) -> Replica {
        let logger = self.logger
        return try Replica(
            endpoint, maximumMessage: self.configuration.maximumMessageSize, security: self.configuration.security,
            onRejection: { user in logger.error("replica of another user refused", metadata: ["peer.uid": "\(user)"]) },
            onChange: { [weak self] in self?.replicasChanged() })
    }

    private func replicasChanged() {
        let (waiters, lost) = self.mutex.withLock { state in
            let before = state.ready.count
            state.ready = state.replicas.filter(\.isReady)
            if !state.ready.isEmpty { state.hasBeenReady = true }
            return (Array(state.waiters.values), state.ready.count < before)
        }
        for waiter in waiters { waiter.wake() }
        if lost { self.discovery.refresh() }
    }
}
