internal import Logging
internal import Telemetry

/// What all slots of a server share: methods, admission, and the way out.
final class ServerCore: Sendable {
    struct Call: Sendable {
        let method: MeshMethod
        let context: CallContext
        /// The call waits for its turn; `nil`: it may run.
        let ticket: AdmissionTicket?
        /// Of a heavy call.
        let cancellation: CancellationRegistry.Call?
        /// When it was admitted.
        var admission: Deadline
        /// From its arrival to its reply; `nil` where its trace isn't recorded.
        let span: TraceSpan?

        var isHeavy: Bool { self.method.descriptor.isHeavy }
    }

    let configuration: MeshServerConfiguration
    let heavyExecutor: ThreadPoolExecutor
    private let methods: [UInt32: MeshMethod]
    private let logger: Logger
    private let load: ServerLoad
    private let cancellations = CancellationRegistry()
    /// Told after each call that ends while the server drains.
    private let drainChanged: @Sendable () -> Void

    init(
        methods: [UInt32: MeshMethod], load: ServerLoad, configuration: MeshServerConfiguration, logger: Logger,
        drainChanged: @escaping @Sendable () -> Void
    ) {
        self.methods = methods
        self.load = load
        self.configuration = configuration
        self.logger = logger
        self.drainChanged = drainChanged
        self.heavyExecutor = ThreadPoolExecutor(name: "mesh-heavy", threads: configuration.heavyThreads)
    }

    /// Decides whether a message is a call that runs; from then on it is in flight.
    ///
    /// - Throws: ``MeshError`` to be replied.
    func accept(_ message: borrowing MessageBuffer) throws(MeshError) -> Call {
        guard message.count <= self.configuration.maximumMessageSize else {
            throw MeshError(.resourceExhausted, "a call of \(message.count) bytes is over the limit")
        }
        let envelope = try unsafe message.withBytes { (bytes) throws(MeshError) in try unsafe Envelope(reading: bytes) }
        if envelope.kind == .cancel {
            self.cancellations.cancel(envelope)
            throw MeshError(.cancelled, "as asked")
        }
        guard envelope.kind == .call else { throw MeshError(.unimplemented, "only calls are answered") }
        let now = Deadline.now
        let deadline = envelope.deadline(at: now)
        if deadline <= now { throw MeshError(.deadlineExceeded, "the call had expired when it came") }
        guard let method = self.methods[envelope.method] else {
            throw MeshError(.unimplemented, "method 0x\(String(envelope.method, radix: 16)) isn't known here")
        }
        let isShadow = envelope.flags.contains(.shadow)
        if isShadow, !method.descriptor.isIdempotent {
            throw MeshError(.failedPrecondition, "\(method.descriptor.fullName) may write, so it takes no copies of calls")
        }
        let context = CallContext(
            deadline: deadline,
            trace: TraceContext(
                traceHigh: envelope.traceHigh, traceLow: envelope.traceLow, span: envelope.span,
                sampled: envelope.flags.contains(.sampled)),
            metadata: try MessageCoder.metadata(message, envelope),
            method: method.descriptor.fullName,
            peer: CallContext.Peer(connection: message.connection),
            isShadow: isShadow)
        let isHeavy = method.descriptor.isHeavy
        let arrival = self.load.callArrived(isHeavy: isHeavy, deadline: deadline, at: now)
        let span = self.span(of: method.descriptor, context)
        if case .refuse(let reason) = arrival {
            if let span { self.shed(span, reason) }
            self.configuration.observer?.serverCallShed(method.descriptor, reason)
            throw ServerLoad.refusal(reason)
        }
        var ticket: AdmissionTicket?
        if case .wait(let place) = arrival { ticket = place }
        return Call(
            method: method, context: context, ticket: ticket, cancellation: isHeavy ? self.cancellations.add(envelope) : nil,
            admission: now, span: span)
    }

    private func span(of method: MethodDescriptor, _ context: CallContext) -> TraceSpan? {
        guard context.trace.sampled, let traces = self.configuration.traces else { return nil }
        let trace = context.trace
        return traces.begin(
            method.fullName, traceHigh: trace.traceHigh, traceLow: trace.traceLow, isSampled: true, parent: trace.span)
    }

    private func shed(_ span: TraceSpan, _ reason: MeshShedReason) {
        span.event("shed", SpanAttribute("duet.reason", reason.rawValue))
        self.configuration.traces?.finish(span, failure: "\(MeshError.Code.resourceExhausted)")
    }

    /// What a call in the queue has become.
    func turnCame(_ call: Call, _ refusal: MeshError?) {
        if let reason = refusal?.refusal {
            if let cancellation = call.cancellation { self.cancellations.remove(cancellation) }
            call.span?.event("shed", SpanAttribute("duet.reason", reason.rawValue))
            self.configuration.observer?.serverCallShed(call.method.descriptor, reason)
        } else {
            call.span?.event("turn came")
            let wait = Deadline.now.nanoseconds - call.admission.nanoseconds
            self.configuration.observer?.serverCallQueued(call.method.descriptor, for: .nanoseconds(Int64(clamping: wait)))
        }
    }

    /// Counts a refusal as a call until its reply is sent.
    func callRefused(_ error: MeshError, since start: Deadline) {
        // The admission counts its own.
        if error.refusal == nil { self.load.refusalArrived() }
        self.logger.debug("call refused", metadata: ["error": "\(error)"])
    }

    func callEnded(isHeavy: Bool) {
        self.load.callEnded(isHeavy: isHeavy, at: .now)
        if self.load.isDraining { self.drainChanged() }
    }

    /// Runs the handler with its context bound.
    func run(_ call: Call, _ message: RawMessage) async throws -> RawMessage {
        guard call.isHeavy else { return try await self.runHandler(call, message) }
        let start = Deadline.now
        defer {
            if let cancellation = call.cancellation { self.cancellations.remove(cancellation) }
            let end = Deadline.now
            self.load.heavyEnded(
                startDelay: .nanoseconds(Int64(clamping: start.nanoseconds &- call.admission.nanoseconds)),
                time: .nanoseconds(Int64(clamping: end.nanoseconds &- start.nanoseconds)), ranOut: end >= call.context.deadline, at: end)
        }
        // Its caller gave up while it waited.
        if call.cancellation?.isCancelled == true {
            _ = message.take()
            throw MeshError(.cancelled, "the caller gave up")
        }
        return try await self.runHandler(call, message)
    }

    private func runHandler(_ call: Call, _ message: RawMessage) async throws -> RawMessage {
        let limit = self.configuration.maximumMessageSize
        guard !self.configuration.interceptors.isEmpty else {
            return try await Self.bound(call.context, call.span) {
                try await call.method.handle(message, call.context, limit)
            }
        }
        let request = MessageBox()
        request.put(message.take())
        let reply = MessageBox()
        var chain: @Sendable (CallContext) async throws -> Void = { context in
            guard let request = request.take() else { throw MeshError(.internal, "an interceptor let a call through twice") }
            let raw = RawMessage(request)
            let answer = try await Self.bound(context, call.span) { try await call.method.handle(raw, context, limit) }
            reply.put(answer.take())
        }
        for interceptor in self.configuration.interceptors.reversed() {
            let next = chain
            chain = { context in try await interceptor(call.method.descriptor, context, next) }
        }
        try await chain(call.context)
        guard let answer = reply.take() else { throw MeshError(.internal, "an interceptor let no call through and threw nothing") }
        return RawMessage(answer)
    }

    /// Runs a handler with what it works for in reach of the calls that it makes.
    private static func bound(_ context: CallContext, _ span: TraceSpan?, _ handle: () async throws -> RawMessage) async throws -> RawMessage {
        guard let span else { return try await CallContext.$current.withValue(context, operation: handle) }
        return try await TraceSpan.$current.withValue(span) {
            try await CallContext.$current.withValue(context, operation: handle)
        }
    }

    /// The same for a handler that doesn't suspend.
    func bound(_ call: Call, _ handle: () throws -> RawMessage) throws -> RawMessage {
        guard let span = call.span else { return try CallContext.$current.withValue(call.context, operation: handle) }
        return try TraceSpan.$current.withValue(span) { try CallContext.$current.withValue(call.context, operation: handle) }
    }

    /// - Parameter error: `nil` for success.
    func replyEnvelope(_ call: Call?, _ error: MeshError?, duration: UInt64) -> Envelope {
        var flags: Envelope.Flags = self.load.isDraining ? [.draining] : []
        if error?.refusal != nil { flags.insert(.refused) }
        return Envelope(
            kind: .reply,
            flags: flags,
            method: call?.method.descriptor.id ?? 0,
            instant: duration,
            traceHigh: call?.context.trace.traceHigh ?? 0,
            traceLow: call?.context.trace.traceLow ?? 0,
            span: call?.context.trace.span ?? 0,
            status: error?.code.rawValue ?? 0,
            load: UInt32(clamping: self.load.inFlight))
    }

    func observe(_ call: Call?, _ code: MeshError.Code?, duration: UInt64) {
        if let span = call?.span { self.configuration.traces?.finish(span, failure: code.map { "\($0)" }) }
        let method = call?.method.descriptor
        self.configuration.observer?.serverCallEnded(method, code: code, duration: .nanoseconds(Int64(clamping: duration)))
    }

    func handlerFailed(_ call: Call, _ error: any Error) {
        self.logger.debug("handler failed", metadata: ["method": "\(call.method.descriptor.fullName)", "error": "\(error)"])
    }
}
