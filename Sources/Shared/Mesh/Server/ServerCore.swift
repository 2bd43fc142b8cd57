internal import Logging

/// What all slots of a server share: methods, admission, and the way out.
final class ServerCore: Sendable {
    struct Call: Sendable {
        let method: MeshMethod
        let context: CallContext
    }

    let configuration: MeshServerConfiguration
    let heavyExecutor: ThreadPoolExecutor
    private let methods: [UInt32: MeshMethod]
    private let logger: Logger
    private let load: ServerLoad
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
        guard envelope.kind == .call else { throw MeshError(.unimplemented, "only calls are answered") }
        let deadline = envelope.deadline(at: .now)
        if deadline.isExpired { throw MeshError(.deadlineExceeded, "the call had expired when it came") }
        guard let method = self.methods[envelope.method] else {
            throw MeshError(.unimplemented, "method 0x\(String(envelope.method, radix: 16)) isn't known here")
        }
        let context = CallContext(
            deadline: deadline,
            trace: TraceContext(
                traceHigh: envelope.traceHigh, traceLow: envelope.traceLow, span: envelope.span,
                sampled: envelope.flags.contains(.sampled)),
            metadata: try MessageCoder.metadata(message, envelope),
            method: method.descriptor.fullName,
            peer: CallContext.Peer(connection: message.connection))
        guard self.load.callArrived(isHeavy: method.descriptor.isHeavy) else {
            throw MeshError(.resourceExhausted, "\(method.descriptor.fullName) has as many calls as it can take")
        }
        return Call(method: method, context: context)
    }

    /// Counts a refusal as a call until its reply is sent.
    func callRefused(_ error: MeshError, since start: Deadline) {
        _ = self.load.callArrived(isHeavy: false)
        self.logger.debug("call refused", metadata: ["error": "\(error)"])
    }

    func callEnded(isHeavy: Bool) {
        self.load.callEnded(isHeavy: isHeavy)
        if self.load.isDraining { self.drainChanged() }
    }

    /// Runs the handler with its context bound.
    func run(_ call: Call, _ message: RawMessage) async throws -> RawMessage {
        let limit = self.configuration.maximumMessageSize
        guard !self.configuration.interceptors.isEmpty else {
            return try await CallContext.$current.withValue(call.context) {
                try await call.method.handle(message, call.context, limit)
            }
        }
        let request = MessageBox()
        request.put(message.take())
        let reply = MessageBox()
        var chain: @Sendable (CallContext) async throws -> Void = { context in
            guard let request = request.take() else { throw MeshError(.internal, "an interceptor let a call through twice") }
            let raw = RawMessage(request)
            let answer = try await CallContext.$current.withValue(context) { try await call.method.handle(raw, context, limit) }
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

    func replyEnvelope(_ call: Call?, _ code: MeshError.Code?, duration: UInt64) -> Envelope {
        Envelope(
            kind: .reply,
            flags: self.load.isDraining ? [.draining] : [],
            method: call?.method.descriptor.id ?? 0,
            instant: duration,
            traceHigh: call?.context.trace.traceHigh ?? 0,
            traceLow: call?.context.trace.traceLow ?? 0,
            span: call?.context.trace.span ?? 0,
            status: code?.rawValue ?? 0,
            load: UInt32(clamping: self.load.inFlight))
    }

    func observe(_ method: MethodDescriptor?, _ code: MeshError.Code?, duration: UInt64) {
        self.configuration.observer?.serverCallEnded(method, code: code, duration: .nanoseconds(Int64(clamping: duration)))
    }

    func handlerFailed(_ call: Call, _ error: any Error) {
        self.logger.debug("handler failed", metadata: ["method": "\(call.method.descriptor.fullName)", "error": "\(error)"])
    }
}
