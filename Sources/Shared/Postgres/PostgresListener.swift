public import Logging
internal import Reactor

/// `LISTEN` on a connection of its own, where no query can swallow a notification. It reconnects and listens again by itself.
///
/// PostgreSQL keeps nothing for a listener that is away, so ``Event/listening`` follows each (re)connection: look then at what may have
/// changed.
public final class PostgresListener: Sendable {
    public enum Event: Hashable, Sendable {
        /// From here on nothing is missed until the connection breaks.
        case listening
        case notification(PostgresNotification)
    }

    private let core: ListenerCore?

    public init(configuration: PostgresConfiguration, channels: [String], logger: Logger) {
        do {
            let loop = try EventLoop(name: "postgres-listen")
            self.core = ListenerCore(configuration: configuration, channels: channels, loop: loop, logger: logger)
        } catch {
            logger.error("no thread for a listener", metadata: ["error": "\(error)"])
            self.core = nil
        }
    }

    /// What happens from now on; each call gives a stream of its own. A consumer that is slow loses the oldest events beyond 1024.
    /// Ends with ``shutdown()``.
    public func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(1024))
        if let core { core.subscribe(continuation) } else { continuation.finish() }
        return stream
    }

    public func shutdown() async { await self.core?.shutDown() }
}

/// The listener's actor, on its event loop.
actor ListenerCore {
    private let loop: EventLoop
    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let logger: Logger

    private var driver: ConnectionDriver?
    private var subscribers: [UInt64: AsyncStream<PostgresListener.Event>.Continuation] = [:]
    private var lastSubscriber: UInt64 = 0
    private var generation = 0
    private var failures = 0
    private var isListening = false
    private var isShutDown = false
    private var random = SystemRandomNumberGenerator()

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

    init(configuration: PostgresConfiguration, channels: [String], loop: EventLoop, logger: Logger) {
        var configuration = configuration
        configuration.applicationName += "-listener"
        self.configuration = configuration
        self.channels = channels
        self.loop = loop
        self.logger = logger
    }

    nonisolated func subscribe(_ continuation: AsyncStream<PostgresListener.Event>.Continuation) {
        self.loop.execute { self.assumeIsolated { $0.add(continuation) } }
    }

    private func add(_ continuation: AsyncStream<PostgresListener.Event>.Continuation) {
        guard !self.isShutDown else { return continuation.finish() }
        self.lastSubscriber += 1
        let id = self.lastSubscriber
        self.subscribers[id] = continuation
        continuation.onTermination = { [loop, weak self] _ in
            loop.execute { [weak self] in self?.assumeIsolated { $0.subscribers[id] = nil } }
        }
        if self.isListening { continuation.yield(.listening) }
        if self.generation == 0 { self.connect() }
    }

    private func connect() {
        guard !self.isShutDown else { return }
        self.generation += 1
        let generation = self.generation
        let hooks = ConnectionDriver.Hooks(
            ready: { [weak self] readiness in self?.assumeIsolated { $0.ready(readiness, generation: generation) } },
            deadline: { [weak self, loop] moment in
                _ = loop.schedule(after: moment.since(.now)) { [weak self] in
                    self?.assumeIsolated { $0.driver?.expire(now: .now) }
                }
            })
        do throws(PostgresError) {
            let driver = try ConnectionDriver(configuration: self.configuration, loop: self.loop, hooks: hooks, logger: self.logger)
            self.driver = driver
            // Bounded by the timeouts of connecting and of a statement; ends at once when the driver is closed.
            Task { await self.listen(driver) }
        } catch {
            self.failed(error)
        }
    }

    private func listen(_ driver: ConnectionDriver) async {
        do throws(PostgresError) {
            try await driver.connect(timeout: self.configuration.connectTimeout)
            driver.onNotification = { [weak self] notification in
                self?.assumeIsolated { $0.publish(.notification(notification)) }
            }
            for channel in self.channels {
                let quoted = channel.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
                _ = try await driver.script("LISTEN \"\(quoted)\"")
            }
            self.failures = 0
            self.isListening = true
            self.publish(.listening)
        } catch {
            self.failed(error)
        }
    }

    private func ready(_ readiness: Readiness, generation: Int) {
        guard generation == self.generation, let driver else { return }
        driver.ready(readiness)
        // While it is connecting, `listen` learns of a failure itself.
        if self.isListening, !driver.isUsable { self.failed(PostgresError(.connectionFailed, "the server closed the connection")) }
    }

    private func failed(_ error: PostgresError) {
        self.isListening = false
        self.driver?.close(reason: error)
        self.driver = nil
        guard !self.isShutDown else { return }
        self.failures += 1
        let delay = Backoff.delay(attempt: self.failures, using: &self.random)
        self.logger.debug("listener reconnects", metadata: ["db.error": "\(error)", "retry.delay": "\(delay)"])
        _ = self.loop.schedule(after: delay) { [weak self] in self?.assumeIsolated { $0.connect() } }
    }

    private func publish(_ event: PostgresListener.Event) {
        for subscriber in self.subscribers.values { subscriber.yield(event) }
    }

    func shutDown() {
        self.isShutDown = true
        self.isListening = false
        self.driver?.close()
        self.driver = nil
        for subscriber in self.subscribers.values { subscriber.finish() }
        self.subscribers = [:]
    }
}
