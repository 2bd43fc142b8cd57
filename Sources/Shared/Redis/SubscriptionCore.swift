internal import Logging
internal import Reactor

/// The actor of one subscription, with a connection of its own on the event loop.
///
/// A PING on a subscribed RESP2 connection is answered by a `pong` push, which hiredis's own asynchronous API would drop; read here, it
/// tells a silent channel from a dead connection.
actor SubscriptionCore {
    private let loop: EventLoop
    private let configuration: RedisConfiguration
    private let channels: [String]
    private let continuation: AsyncStream<RedisMessage>.Continuation
    private let logger: Logger

    private var link: RedisLink?
    private var generation = 0
    private var failures = 0
    private var greetings = 0
    private var subscribed = 0
    private var heardSinceHeartbeat = true
    private var isFinished = false
    private var random = SystemRandomNumberGenerator()

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

    init(
        configuration: RedisConfiguration, channels: [String], continuation: AsyncStream<RedisMessage>.Continuation, loop: EventLoop,
        logger: Logger
    ) {
        self.configuration = configuration
        self.channels = channels
        self.continuation = continuation
        self.loop = loop
        self.logger = logger
    }

    nonisolated func start() {
        self.loop.execute { self.assumeIsolated { $0.connect() } }
    }

    nonisolated func stop() {
        self.loop.execute { self.assumeIsolated { $0.finish() } }
    }

    private func connect() {
        guard !self.isFinished else { return }
        self.generation += 1
        let generation = self.generation
        do throws(RedisError) {
            let link = try RedisLink(address: self.configuration.address, loop: self.loop) { [weak self] readiness in
                self?.assumeIsolated { $0.ready(readiness, generation: generation) }
            }
            self.link = link
            let greeting = self.configuration.greeting
            (self.greetings, self.subscribed, self.heardSinceHeartbeat) = (greeting.count, 0, false)
            for command in greeting { try link.append(command.encoded) }
            try link.append(RedisCommand("SUBSCRIBE", arguments: self.channels).encoded)
            self.scheduleHeartbeat(after: self.configuration.connectTimeout, generation: generation)
        } catch {
            self.fail(error)
        }
    }

    private func ready(_ readiness: Readiness, generation: Int) {
        guard generation == self.generation, let link else { return }
        do throws(RedisError) {
            try link.ready(readiness) { (value) throws(RedisError) in try self.take(value) }
        } catch {
            self.fail(error)
        }
    }

    private func take(_ value: RESPValue) throws(RedisError) {
        self.heardSinceHeartbeat = true
        if case .error(let message) = value { throw RedisError(.unavailable, message) }
        if self.greetings > 0 {
            self.greetings -= 1
            return
        }
        guard let parts = value.array, let kind = parts.first?.string else {
            throw RedisError(.malformed, "a push that is no array")
        }
        switch (kind, parts.count) {
        case ("subscribe", 3):
            self.subscribed += 1
            guard self.subscribed == self.channels.count else { return }
            self.failures = 0
            self.continuation.yield(.subscribed)
        case ("message", 3):
            guard let channel = parts[1].string, let payload = parts[2].bytes else {
                throw RedisError(.malformed, "a message without text")
            }
            self.continuation.yield(.message(channel: channel, payload: payload))
        default: break
        }
    }

    private func scheduleHeartbeat(after delay: Duration, generation: Int) {
        _ = self.loop.schedule(after: delay) { [weak self] in self?.assumeIsolated { $0.heartbeat(generation: generation) } }
    }

    private func heartbeat(generation: Int) {
        guard generation == self.generation, let link else { return }
        guard self.heardSinceHeartbeat, self.subscribed == self.channels.count else {
            return self.fail(RedisError(.timeout, "the subscription fell silent"))
        }
        self.heardSinceHeartbeat = false
        do throws(RedisError) {
            try link.append(RedisCommand("PING").encoded)
            try link.flush()
            self.scheduleHeartbeat(after: self.configuration.heartbeatInterval, generation: generation)
        } catch {
            self.fail(error)
        }
    }

    private func fail(_ error: RedisError) {
        self.link?.close()
        self.link = nil
        self.generation += 1
        guard !self.isFinished else { return }
        self.failures += 1
        let delay = RedisBackoff.delay(attempt: self.failures, using: &self.random)
        self.logger.debug("subscription reconnects", metadata: ["redis.error": "\(error)", "retry.delay": "\(delay)"])
        _ = self.loop.schedule(after: delay) { [weak self] in self?.assumeIsolated { $0.connect() } }
    }

    private func finish() {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.fail(.shutDown)
        self.continuation.finish()
    }
}
