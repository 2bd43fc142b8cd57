public import Logging
internal import Mesh
public import ServiceLifecycle
import Synchronization
public import Telemetry

/// What a process's `main` builds upon: its settings, logger, metrics and health, and the order in which its parts stop.
///
/// Parts are stopped in the reverse of the order in which they were handed over, each after the one before has stopped:
/// pools come first and so close last, the server that takes requests comes last and drains first.
public final class ProcessRuntime: Sendable {
    public let name: String
    public let version: String
    public let settings: Settings
    public let logger: Logger
    public let metrics: MetricsRegistry
    public let readiness: ReadinessGate
    public let checks: HealthChecks
    /// `nil`: no receiver of traces is set.
    public let traces: TraceRecorder?
    let events: AsyncStream<ProcessEvent>.Continuation
    private let parts = Mutex<[Part]>([])
    /// Those that the process has made, for others to look at.
    let meshClients = Mutex<[MeshClient]>([])

    private struct Part {
        let name: String
        let stop: @Sendable () async -> Void
    }

    init(
        name: String, version: String, settings: Settings, logger: Logger, metrics: MetricsRegistry,
        events: AsyncStream<ProcessEvent>.Continuation
    ) {
        self.name = name
        self.version = version
        self.settings = settings
        self.logger = logger
        self.metrics = metrics
        self.events = events
        self.traces = settings.tracesEndpoint.map { _ in
            TraceRecorder(sample: settings.tracesSample, slow: settings.tracesSlow, registry: metrics)
        }
        self.readiness = ReadinessGate()
        self.checks = HealthChecks()
    }

    /// Remembers how to stop what has been started.
    public func onShutdown(_ name: String, _ stop: @escaping @Sendable () async -> Void) {
        self.parts.withLock { $0.append(Part(name: name, stop: stop)) }
    }

    /// Runs `body` for the life of the process; cancelled and awaited when its turn to stop comes.
    ///
    /// An error ends the process with status 1: a part that can fail and go on must catch its errors itself.
    public func background(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
        // Cancelled and awaited by `stopAll()`.
        let task = Task {
            do {
                try await body()
            } catch {
                if !Task.isCancelled { self.events.yield(.failed(part: name, error: error)) }
            }
        }
        self.onShutdown(name) {
            task.cancel()
            await task.value
        }
    }

    /// Runs a service of swift-service-lifecycle; its turn to stop is a graceful shutdown.
    public func run(_ service: any Service, name: String) {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .ignore)], logger: self.logger))
        // Ended and awaited by `stopAll()`.
        let task = Task {
            do {
                try await group.run()
            } catch {
                self.events.yield(.failed(part: name, error: error))
            }
        }
        self.onShutdown(name) {
            await group.triggerGracefulShutdown()
            await task.value
        }
    }

    /// Asks the process to end as SIGTERM would.
    public func shutDown() { self.events.yield(.stop) }

    /// Stops all parts, last first.
    func stopAll() async {
        while let part = self.parts.withLock({ $0.popLast() }) {
            self.logger.debug("Stopping a part", metadata: ["part": .string(part.name)])
            await part.stop()
        }
    }
}

/// What happens to a process.
enum ProcessEvent: Sendable {
    case started
    /// A part, or the start itself (`part` is `nil`), failed.
    case failed(part: String?, error: any Error)
    case signal(Int32)
    case stop
}
