internal import Domain
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Answers what is no HTTP in the shape of every other error, and ends the connection.
final class ProtocolErrorHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let lingering: LingeringLimits
    private let now: @Sendable () -> Timestamp
    private var unanswered = 0

    init(lingering: LingeringLimits, now: @escaping @Sendable () -> Timestamp) {
        self.lingering = lingering
        self.now = now
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = self.unwrapInboundIn(data) { self.unanswered += 1 }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = self.unwrapOutboundIn(data) { self.unanswered -= 1 }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        // While an answer is being made, another one must not get in front of it.
        guard self.unanswered == 0 else {
            context.close(promise: nil)
            return
        }
        let problem =
            error == .headerOverflow
            ? APIError(.requestHeaderFieldsTooLarge, "The header is larger than this server takes.")
            : APIError(.badRequest, "The request is not valid HTTP.")
        let body = problem.body(requestID: RandomUUID.make(), at: self.now())
        let head = HTTPResponse(
            status: problem.status,
            headerFields: [.contentType: "application/json", .contentLength: String(body.count), .connection: "close"])
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(self.wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        LingeringClose.begin(context.channel, self.lingering)
    }
}
