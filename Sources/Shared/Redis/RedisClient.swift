public import Logging
internal import Reactor
internal import Synchronization
internal import Telemetry

/// One connection for commands, which share writes, and one for each subscription, all on one thread of the client's own.
public final class RedisClient: Sendable {
    private struct Engine: Sendable {
        let loop: EventLoop
        let core: CommandCore
    }

    private struct Subscriptions {
        var active: [Int: SubscriptionCore] = [:]
        var last = 0
        var isShutDown = false
    }

    private let configuration: RedisConfiguration
    private let logger: Logger
    /// A failure, which every call repeats, if the system gave no thread.
    private let engine: Result<Engine, RedisError>
    private let subscriptions = Mutex(Subscriptions())
    /// Digests by script, as the server told them.
    private let digests = Mutex<[String: String]>([:])

    /// Begins to connect. The client's thread ends after ``shutdown()`` when the last reference goes.
    public init(configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        do {
            let loop = try EventLoop(name: "redis")
            let core = CommandCore(configuration: configuration, loop: loop, logger: logger)
            core.start()
            self.engine = .success(Engine(loop: loop, core: core))
        } catch {
            self.engine = .failure(RedisError(.unavailable, "\(error)"))
        }
    }

    /// Whether the command connection works right now.
    public var isConnected: Bool { (try? self.engine.get())?.core.isConnected ?? false }

    /// - Throws: ``RedisError``; a refusal of the server is ``RedisError/Code/command``.
    public func send(_ command: RedisCommand) async throws(RedisError) -> RESPValue {
        let replies = try await self.exchange(bytes: command.encoded, count: 1)
        guard let reply = replies.first else { throw RedisError(.malformed, "no reply") }
        if case .error(let message) = reply { throw RedisError(.command, message) }
        return reply
    }

    /// Sends a command whose reply nobody needs. Returns at once; what is sent later by this client is done later.
    public func post(_ command: RedisCommand) {
        guard let core = try? self.engine.get().core else { return }
        core.submit(CommandCore.Request(bytes: command.encoded, count: 1, pending: Promise()))
    }

    /// Sends commands together, in order, and not mixed with others. A refusal stays a value at its place.
    public func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(commands.reduce(0) { $0 + $1.encoded.count })
        for command in commands { bytes += command.encoded }
        return try await self.exchange(bytes: bytes, count: commands.count)
    }

    /// Runs a Lua script by its digest, and by its text where the server has forgotten it.
    public func script(
        _ script: String, keys: [String], arguments: [any RedisArgument] = []
    ) async throws(RedisError) -> RESPValue {
        let tail: [any RedisArgument] = [keys.count] + keys + arguments
        let digest = try await self.digest(of: script)
        do {
            return try await self.send(RedisCommand("EVALSHA", arguments: [digest] + tail))
        } catch  where error.code == .command && error.message.hasPrefix("NOSCRIPT") {
            return try await self.send(RedisCommand("EVAL", arguments: [script] + tail))
        }
    }

    private func digest(of script: String) async throws(RedisError) -> String {
        if let digest = self.digests.withLock({ $0[script] }) { return digest }
        guard let digest = try await self.send(RedisCommand("SCRIPT", "LOAD", script)).string else {
            throw RedisError(.malformed, "SCRIPT LOAD gave no digest")
        }
        self.digests.withLock { $0[script] = digest }
        return digest
    }

    /// Messages of these channels, on a connection of its own that is made and subscribed again when it breaks. ``RedisMessage/subscribed``
    /// follows each subscription. Ends when the reader leaves, or with ``shutdown()``.
    ///
    /// - Parameter capacity: Unread messages that are kept; beyond them a slow reader loses the oldest.
    public func subscribe(_ channels: [String], capacity: Int = 4096) -> AsyncStream<RedisMessage> {
        let (stream, continuation) = AsyncStream.makeStream(of: RedisMessage.self, bufferingPolicy: .bufferingNewest(capacity))
        guard let engine = try? self.engine.get(), !channels.isEmpty else {
            continuation.finish()
            return stream
        }
        let core = SubscriptionCore(
            configuration: self.configuration, channels: channels, continuation: continuation, loop: engine.loop, logger: self.logger)
        let id: Int? = self.subscriptions.withLock { subscriptions in
            guard !subscriptions.isShutDown else { return nil }
            subscriptions.last += 1
            subscriptions.active[subscriptions.last] = core
            return subscriptions.last
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.subscriptions.withLock { subscriptions in subscriptions.active[id] = nil }
            core.stop()
        }
        core.start()
        return stream
    }

    /// Closes everything. Whoever waits gets ``RedisError/Code/shutDown``, subscriptions end.
    public func shutdown() async {
        let active = self.subscriptions.withLock { subscriptions in
            subscriptions.isShutDown = true
            return Array(subscriptions.active.values)
        }
        for core in active { core.stop() }
        await (try? self.engine.get())?.core.shutDown()
    }

    private static let single = [SpanAttribute("db.system.name", "redis")]

    /// Sends commands; where spans are recorded, within one that is named by the first of them.
    private func exchange(bytes: [UInt8], count: Int) async throws(RedisError) -> [RESPValue] {
        guard let span = TraceSpan.current else { return try await self.replies(bytes, count) }
        let start = TraceClock.now
        let attributes = count > 1 ? Self.single + [SpanAttribute("db.operation.batch.size", count)] : Self.single
        do {
            let replies = try await self.replies(bytes, count)
            span.add(RedisCommand.name(in: bytes), .client, from: start, attributes)
            return replies
        } catch {
            span.add(RedisCommand.name(in: bytes), .client, from: start, failure: "\(error.code)", attributes)
            throw error
        }
    }

    private func replies(_ bytes: [UInt8], _ count: Int) async throws(RedisError) -> [RESPValue] {
        let core = try self.engine.get().core
        if Task.isCancelled { throw .cancelled }
        let pending = Promise<[RESPValue], RedisError>()
        core.submit(CommandCore.Request(bytes: bytes, count: count, pending: pending))
        return try await pending.value(orCancelledWith: .cancelled)
    }
}
