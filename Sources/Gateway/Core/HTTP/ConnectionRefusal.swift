internal import Domain
internal import NIOCore

/// What a connection gets that is one too many: an answer before anything was asked, so that a client, a balancer and a person see why.
///
/// Then only the sending half is closed: what the client had sent unread would otherwise reset the connection before it reads the answer.
final class ConnectionRefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// For the client to close its half.
    private static let patience: TimeAmount = .seconds(1)

    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    func channelActive(context: ChannelHandlerContext) {
        let body = APIError.unavailable("A free connection").body(requestID: RandomUUID.make(), at: self.now())
        var buffer = context.channel.allocator.buffer(capacity: 256 + body.count)
        buffer.writeString(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: \(body.count)\r\n"
                + "retry-after: 1\r\nconnection: close\r\n\r\n")
        buffer.writeBytes(body)
        context.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        _ = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
    }
}
