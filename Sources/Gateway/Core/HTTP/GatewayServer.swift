internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
public import Logging
public import NIOCore
internal import NIOPosix
public import ServiceLifecycle

/// Serves HTTP/1.1 on a socket of its own or on one that was handed down.
///
/// On a graceful shutdown it stops accepting, answers what is in flight with `Connection: close`, gives idle connections a moment to
/// send what is on its way, closes them, and returns when the last one is gone.
public struct GatewayServer: Service {
    public struct Configuration: Sendable {
        public var threads = 2
        public var clientTimeouts = ClientTimeouts()
        /// For clients that are answered before they have sent everything.
        public var lingering = LingeringLimits()
        /// Connections at once; more are told so and closed.
        public var maximumConnections = 4096
        /// How long an idle connection may still send a request while the server drains.
        public var drainGrace: Duration = .milliseconds(250)
        /// After this, what is still open when draining is closed.
        public var drainLimit: Duration = .seconds(10)

        public init() {}
    }

    private let application: GatewayApplication
    private let socket: ListeningSocket
    private let configuration: Configuration
    private let onListening: @Sendable (SocketAddress?) -> Void
    private let logger: Logger

    /// - Parameter onListening: Called once, when connections are accepted, with the address if there is one.
    public init(
        application: GatewayApplication, socket: ListeningSocket, configuration: Configuration = .init(), logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) -> Void = { _ in }
    ) {
        self.application = application
        self.socket = socket
        self.configuration = configuration
        self.onListening = onListening
        self.logger = logger
    }

    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, self.configuration.threads))
        do {
            try await self.serve(on: group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func serve(on group: MultiThreadedEventLoopGroup) async throws {
        let registry = ConnectionRegistry(capacity: self.configuration.maximumConnections)
        let now = self.application.now
        let (connections, continuation) = AsyncStream.makeStream(of: HTTP1Channel.Value.self)
        let http = self.makeChannelSetup(registry)
        let logger = self.logger
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                guard registry.add(channel) else {
                    return channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ConnectionRefusal(now: now))
                    }
                }
                return http.setup(channel: channel, logger: logger).map { connection in continuation.yield(connection) }
            }
        let listener =
            switch self.socket {
            case .inherited(let descriptor): try await bootstrap.withBoundSocket(descriptor).get()
            case .address(let host, let port): try await bootstrap.bind(host: host, port: port).get()
            }
        // Connections that were accepted before the listener closed are still served: the stream hands out what it holds.
        listener.closeFuture.whenComplete { _ in continuation.finish() }
        self.onListening(listener.localAddress)

        let executors = Executors(group)
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withDiscardingTaskGroup { tasks in
                    for await connection in connections {
                        tasks.addTask {
                            await withTaskExecutorPreference(executors[connection.channel.eventLoop]) {
                                await http.handle(value: connection, logger: logger)
                            }
                        }
                    }
                }
            } onCancel: {
                listener.close(promise: nil)
                registry.closeAll()
            }
        } onGracefulShutdown: {
            self.drain(listener, registry)
        }
    }

    private func drain(_ listener: any Channel, _ registry: ConnectionRegistry) {
        guard registry.beginDraining() else { return }
        self.logger.info("Draining", metadata: ["connections": "\(registry.count)"])
        listener.close(promise: nil)
        self.application.beginDraining()
        let loop = listener.eventLoop
        _ = loop.scheduleTask(in: .init(self.configuration.drainGrace)) { registry.quiesce() }
        _ = loop.scheduleTask(in: .init(self.configuration.drainLimit)) { registry.closeAll() }
    }

    private func makeChannelSetup(_ registry: ConnectionRegistry) -> HTTP1Channel {
        let application = self.application
        let now = application.now
        let (timeouts, lingering) = (self.configuration.clientTimeouts, self.configuration.lingering)
        var configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ProtocolErrorHandler(lingering: lingering, now: now),
                SlowClientHandler(timeouts: timeouts, lingering: lingering, now: now),
            ])
        configuration.httpDecoder = .init(maxHeaderFieldSize: 32 * 1024, maxHeaderListSize: 64 * 1024, maxHeaderFieldCount: 200)
        return HTTP1Channel(
            responder: { request, writer, channel in
                var response = await application.respond(to: request, from: channel.remoteAddress?.ipAddress)
                if registry.isDraining {
                    response.headers[.connection] = "close"
                    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
                }
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: configuration)
    }
}

/// One executor a loop of the group.
private struct Executors: Sendable {
    private let executors: [ObjectIdentifier: EventLoopExecutor]

    init(_ group: MultiThreadedEventLoopGroup) {
        self.executors = Dictionary(
            uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), EventLoopExecutor($0)) })
    }

    subscript(loop: any EventLoop) -> EventLoopExecutor? { self.executors[ObjectIdentifier(loop)] }
}
