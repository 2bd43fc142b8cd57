internal import Domain
internal import NIOCore

/// What a connection gets that is one too many: an answer before anything was asked, so that a client, a balancer and a person see why.
final class ConnectionRefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Nobody counts these connections, so they get little.
    private static let lingering: LingeringLimits = {
        var limits = LingeringLimits()
        limits.time = .seconds(1)
        limits.size = 64 << 10
        return limits
    }()

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
        LingeringClose.begin(context.channel, Self.lingering)
    }
}
