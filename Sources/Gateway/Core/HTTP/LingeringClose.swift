internal import NIOCore

/// How long, and for how much, a connection that ends still listens.
public struct LingeringLimits: Sendable {
    public var time: Duration = .seconds(5)
    /// Bytes that are read and thrown away.
    public var size = 32 << 20

    public init() {}
}

/// Ends a connection whose client may still be sending, so that the client reads its answer first.
///
/// Closing a socket with unread input resets the connection, and a reset destroys an answer that wasn't read yet (RFC 9112, section 9.6).
/// So only the sending half is closed, what still comes is thrown away before anything looks at it, and when the client has closed its half,
/// or has had its time or said enough, the rest is closed.
final class LingeringClose: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var unread: Int
    private let time: TimeAmount
    private var timer: Scheduled<Void>?

    private init(_ limits: LingeringLimits) {
        self.unread = limits.size
        self.time = TimeAmount(limits.time)
    }

    /// To be called on the channel's loop, when the last answer has been written and flushed. Once is enough, twice does no harm.
    static func begin(_ channel: any Channel, _ limits: LingeringLimits) {
        let pipeline = channel.pipeline.syncOperations
        guard channel.isActive, (try? pipeline.handler(type: LingeringClose.self)) == nil else { return }
        do {
            try pipeline.addHandler(LingeringClose(limits), position: .first)
        } catch {
            channel.close(promise: nil)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        self.timer = context.eventLoop.scheduleTask(in: self.time) { channel.close(promise: nil) }
        // Waits for what is still to be written.
        context.close(mode: .output, promise: nil)
        // Whoever has read until now may have stopped.
        context.read()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        self.timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.unread -= self.unwrapInboundIn(data).readableBytes
        if self.unread < 0 { context.close(promise: nil) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? ChannelEvent {
        case .inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
