internal import Logging
internal import Reactor
internal import Synchronization

/// The command connection's actor, on the event loop.
actor CommandCore {
    struct Request: Sendable {
        let bytes: [UInt8]
        /// Replies that belong to it.
        let count: Int
        let pending: Promise<[RESPValue], RedisError>
    }

    private struct InFlight {
        let request: Request
        let deadline: MonotonicTime
        var replies: [RESPValue] = []
    }

    private let loop: EventLoop
    private let configuration: RedisConfiguration
    private let logger: Logger
    private let inbox = Mutex<[Request]>([])
    private let connected = Atomic(false)

    private var link: RedisLink?
    private var generation = 0
    private var machine = LinkStateMachine()
    /// In the order in which they were written, from `head` on.
    private var inFlight: [InFlight] = []
    private var head = 0
    private var greetings = 0
    private var sweep: EventLoop.TimerID?
    private var random = SystemRandomNumberGenerator()

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

    init(configuration: RedisConfiguration, loop: EventLoop, logger: Logger) {
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
    }

    nonisolated var isConnected: Bool { self.connected.load(ordering: .relaxed) }

    nonisolated func start() {
        self.loop.execute { self.assumeIsolated { $0.connect() } }
    }

    /// From any thread, on which it is written at once while the loop is idle. What arrives while the loop is busy is taken together.
    nonisolated func submit(_ request: Request) {
        let isFirst = self.inbox.withLock { inbox in
            inbox.append(request)
            return inbox.count == 1
        }
        if isFirst { self.loop.perform { self.assumeIsolated { $0.takeInbox() } } }
    }

    private func takeInbox() {
        let requests = self.inbox.withLock { inbox in
            defer { inbox = [] }
            return inbox
        }
        if let error = self.machine.rejection {
            for request in requests { request.pending.complete(.failure(error)) }
            return
        }
        let deadline = MonotonicTime.now.advanced(by: self.configuration.commandTimeout)
        for request in requests { self.inFlight.append(InFlight(request: request, deadline: deadline)) }
        if self.sweep == nil { self.scheduleSweep(at: deadline) }
        guard self.machine.isReady else { return }
        do throws(RedisError) {
            for request in requests { try self.link?.append(request.bytes) }
        } catch {
            return self.fail(error)
        }
        // Everybody who comes in this turn goes out in one write.
        self.loop.atEndOfTurn { [weak self] in self?.assumeIsolated { $0.flush() } }
    }

    private func flush() {
        do throws(RedisError) {
            try self.link?.flush()
        } catch {
            self.fail(error)
        }
    }

    // MARK: Connecting

    private func connect() {
        guard self.machine.connect() else { return }
        self.generation += 1
        let generation = self.generation
        do throws(RedisError) {
            let link = try RedisLink(address: self.configuration.address, loop: self.loop) { [weak self] readiness in
                self?.assumeIsolated { $0.ready(readiness, generation: generation) }
            }
            self.link = link
            let greeting = self.configuration.greeting
            self.greetings = greeting.count
            for command in greeting { try link.append(command.encoded) }
            _ = self.loop.schedule(after: self.configuration.connectTimeout) { [weak self] in
                self?.assumeIsolated { $0.checkConnected(generation: generation) }
            }
        } catch {
            self.fail(error)
        }
    }

    private func checkConnected(generation: Int) {
        guard generation == self.generation, self.machine.isConnecting else { return }
        self.fail(RedisError(.unavailable, "no connection within the timeout"))
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
        guard self.greetings == 0 else { return try self.takeGreeting(value) }
        guard self.head < self.inFlight.count else { throw RedisError(.malformed, "a reply that nobody waits for") }
        self.inFlight[self.head].replies.append(value)
        let answered = self.inFlight[self.head]
        guard answered.replies.count == answered.request.count else { return }
        self.head += 1
        if self.head == self.inFlight.count {
            self.inFlight.removeAll(keepingCapacity: true)
            self.head = 0
        } else if self.head > 256, self.head * 2 > self.inFlight.count {
            self.inFlight.removeFirst(self.head)
            self.head = 0
        }
        answered.request.pending.complete(.success(answered.replies))
    }

    private func takeGreeting(_ value: RESPValue) throws(RedisError) {
        if case .error(let message) = value { throw RedisError(.unavailable, message) }
        self.greetings -= 1
        guard self.greetings == 0 else { return }
        self.machine.connected()
        self.connected.store(true, ordering: .relaxed)
        self.logger.debug("connected")
        for waiting in self.inFlight[self.head...] { try self.link?.append(waiting.request.bytes) }
        try self.link?.flush()
    }

    // MARK: Failing

    private func fail(_ error: RedisError) {
        self.link?.close()
        self.link = nil
        self.generation += 1
        self.connected.store(false, ordering: .relaxed)
        let waiting = self.inFlight[self.head...]
        (self.inFlight, self.head, self.greetings) = ([], 0, 0)
        for entry in waiting { entry.request.pending.complete(.failure(error)) }
        guard let attempt = self.machine.failed(error) else { return }
        let delay = RedisBackoff.delay(attempt: attempt, using: &self.random)
        self.logger.debug("no connection", metadata: ["redis.error": "\(error)", "retry.delay": "\(delay)"])
        _ = self.loop.schedule(after: delay) { [weak self] in self?.assumeIsolated { $0.connect() } }
    }

    private func scheduleSweep(at deadline: MonotonicTime) {
        let delay = max(.zero, deadline.since(.now))
        self.sweep = self.loop.schedule(after: delay) { [weak self] in self?.assumeIsolated { $0.expire() } }
    }

    /// Deadlines are in the order of the queue, so its head tells.
    private func expire() {
        self.sweep = nil
        guard self.head < self.inFlight.count else { return }
        if self.inFlight[self.head].deadline <= .now {
            self.fail(RedisError(.timeout, "the server did not reply within the timeout"))
        } else {
            self.scheduleSweep(at: self.inFlight[self.head].deadline)
        }
    }

    func shutDown() {
        self.machine.shutDown()
        self.fail(.shutDown)
    }
}
