internal import Domain
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// How long a client may take for its part.
public struct ClientTimeouts: Sendable {
    /// From the connection's begin to the end of the first request's header.
    public var head: Duration = .seconds(10)
    /// From the header to the end of the body.
    public var body: Duration = .seconds(30)
    /// To take in an answer, or the next part of one that comes in parts.
    public var write: Duration = .seconds(30)
    /// Between an answer and the whole header of the next request.
    public var idle: Duration = .seconds(75)
    /// How often it is looked at.
    public var resolution: Duration = .seconds(1)

    public init() {}
}

/// Ends connections of clients that keep the server waiting, however steadily they drip.
///
/// A connection is always in one phase, and a phase has a limit. Time is counted in looks at the connection, so that a request costs no timer
/// and no reading of a clock. A client that is answered while it still has much to send gets no further request through.
final class SlowClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Phase {
        /// Nothing of the first request has come.
        case first
        case body
        /// The server works.
        case answering
        case writing
        case idle
    }

    private let timeouts: ClientTimeouts
    private let lingering: LingeringLimits
    private let now: @Sendable () -> Timestamp
    private var phase = Phase.first
    private var body = UnreadBody()
    private var looks = 0
    /// Parts of the answer that the client has not taken in.
    private var unwritten = 0
    private var timer: RepeatedTask?

    init(timeouts: ClientTimeouts, lingering: LingeringLimits, now: @escaping @Sendable () -> Timestamp) {
        self.timeouts = timeouts
        self.lingering = lingering
        self.now = now
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let resolution = TimeAmount(self.timeouts.resolution)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.timer = context.eventLoop.scheduleRepeatedTask(initialDelay: resolution, delay: resolution) { _ in
            let (handler, context) = bound.value
            handler.look(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.stop() }

    func channelInactive(context: ChannelHandlerContext) {
        self.stop()
        context.fireChannelInactive()
    }

    private func stop() {
        self.timer?.cancel()
        self.timer = nil
    }

    private func enter(_ phase: Phase) {
        self.phase = phase
        self.looks = 0
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.body.begin(head.headerFields)
            self.enter(.body)
        case .body(let part): self.body.read(part.readableBytes)
        case .end:
            self.body.end()
            if self.phase == .body { self.enter(.answering) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(var head):
            self.enter(.writing)
            guard self.body.isTooMuchToRead else { return context.write(data, promise: promise) }
            head.headerFields[.connection] = "close"
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            self.unwritten += 1
            let written = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in
                // Each part has the time of its own.
                bound.value.unwritten -= 1
                bound.value.looks = 0
            }
            context.write(data, promise: written)
        case .end:
            let isLast = self.body.isTooMuchToRead
            let written = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in
                let (handler, context) = bound.value
                if handler.phase == .writing { handler.enter(.idle) }
                if isLast { handler.linger(context) }
            }
            context.write(data, promise: written)
        }
    }

    private func linger(_ context: ChannelHandlerContext) {
        self.stop()
        LingeringClose.begin(context.channel, self.lingering)
    }

    private func look(_ context: ChannelHandlerContext) {
        self.looks += 1
        let limit: Duration
        switch self.phase {
        case .writing where self.unwritten == 0:
            // The next part of a stream is the server's to write.
            self.looks = 0
            return
        case .first: limit = self.timeouts.head
        case .body: limit = self.timeouts.body
        case .writing: limit = self.timeouts.write
        case .idle: limit = self.timeouts.idle
        case .answering: return
        }
        guard self.timeouts.resolution * self.looks >= limit else { return }
        self.stop()
        switch self.phase {
        case .first, .body: self.refuse(context)
        default: context.close(promise: nil)
        }
    }

    /// Says why, where nothing was answered yet, and ends the connection.
    private func refuse(_ context: ChannelHandlerContext) {
        self.enter(.writing)
        let body = APIError(.requestTimeout, "The request took too long to arrive.").body(requestID: RandomUUID.make(), at: self.now())
        let head = HTTPResponse(
            status: .requestTimeout,
            headerFields: [.contentType: "application/json", .contentLength: String(body.count), .connection: "close"])
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        self.linger(context)
    }
}
