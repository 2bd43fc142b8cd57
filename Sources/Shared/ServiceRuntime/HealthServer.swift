import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Telemetry

/// The small HTTP server of every process: `/health/live`, `/health/ready`, `/health` and `/metrics`, on one thread of its own.
final class HealthServer: Sendable {
    private let group: ServiceGroup
    private let eventLoops: MultiThreadedEventLoopGroup
    private let running: Task<Void, any Error>

    /// Binds and serves; returns once connections are accepted.
    ///
    /// - Throws: The error of binding.
    init(address: BindAddress, endpoints: HealthEndpoints, logger: Logger) async throws {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)  // Hummingbird announces its address at every start.
        let outcome = OneAnswer<(any Error)?>()
        let application = Application(
            router: endpoints.router(),
            configuration: ApplicationConfiguration(address: address, backlog: 64),
            onServerRunning: { _ in outcome.give(nil) },
            eventLoopGroupProvider: .shared(eventLoops),
            logger: logger)
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [application], logger: logger))
        // Ended and awaited by `stop()`, or here if binding fails.
        let running = Task {
            do {
                try await group.run()
            } catch {
                outcome.give(error)
                throw error
            }
        }
        if let error = await outcome.value {
            _ = await running.result
            try? await eventLoops.shutdownGracefully()
            throw error
        }
        (self.group, self.eventLoops, self.running) = (group, eventLoops, running)
    }

    /// Answers what has been asked, then closes.
    func stop() async {
        await self.group.triggerGracefulShutdown()
        _ = await self.running.result
        try? await self.eventLoops.shutdownGracefully()
    }
}
