import Logging
import Redis
import Telemetry
import TestKit
import Testing

private let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

private func withClient<R>(
    url: String, _ change: (inout RedisConfiguration) -> Void = { _ in }, _ body: (RedisClient) async throws -> R
) async throws -> R {
    var configuration = try RedisConfiguration(url: url)
    configuration.commandTimeout = .seconds(10)
    change(&configuration)
    let client = RedisClient(configuration: configuration, logger: silent)
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}

private func withClient<R>(_ body: (RedisClient) async throws -> R) async throws -> R {
    try await TemporaryRedis.withDatabase { url in try await withClient(url: url, { _ in }, body) }
}

private func redisError(_ body: () async throws -> Void) async -> RedisError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RedisError
    }
}

@Suite("Redis client", .enabled(if: TemporaryRedis.isAvailable))
struct RedisClientTests {
    @Test("Commands have a span with their name, and nothing of what they are given")
    func spans() async throws {
        let recorder = TraceRecorder(sample: 1, slow: .seconds(3600), registry: MetricsRegistry())
        let root = recorder.begin("request", traceHigh: 1, traceLow: 2, isSampled: true, parent: 0)
        try await withClient { client in
            _ = try await client.send(RedisCommand("PING"))
            try await TraceSpan.$current.withValue(root) {
                _ = try await client.send(RedisCommand("SET", "secret", "secret"))
                _ = try await client.pipeline([RedisCommand("MGET", "secret"), RedisCommand("GET", "secret")])
            }
        }
        recorder.finish(root)
        let spans = try #require(recorder.take(limit: 1)?.first).spans
        #expect(spans.map(\.name) == ["SET", "MGET", "request"])
        #expect(spans[1].attributes.contains(SpanAttribute("db.operation.batch.size", 2)))
        #expect(!"\(spans)".contains("secret"))
    }

    @Test("Every kind of reply arrives as it is")
    func replies() async throws {
        try await withClient { (redis) async throws in
            #expect(try await redis.send(RedisCommand("SET", "key", "wert ü")) == .bytes(Array("OK".utf8)))
            #expect(try await redis.send(RedisCommand("GET", "key")).string == "wert ü")
            #expect(try await redis.send(RedisCommand("GET", "none")) == .null)
            #expect(try await redis.send(RedisCommand("INCRBY", "count", 41)) == .integer(41))
            #expect(try await redis.send(RedisCommand("MGET", "key", "none")) == .array([.bytes(Array("wert ü".utf8)), .null]))
            #expect(
                try await redis.send(RedisCommand("EVAL", "return {1, {'a', false}}", 0)) == .array([.integer(1), .array([.bytes([97]), .null])]))
            let raw: [UInt8] = [0, 13, 10, 255]
            #expect(try await redis.send(RedisCommand("ECHO", raw)) == .bytes(raw))
            #expect(try await redis.send(RedisCommand("ECHO", "")) == .bytes([]))
            #expect(redis.isConnected)
        }
    }

    @Test("A refusal is an error of the command, the connection lives on")
    func refusal() async throws {
        try await withClient { (redis) async throws in
            let error = await redisError { _ = try await redis.send(RedisCommand("NOSUCH")) }
            #expect(error?.code == .command)
            #expect(error?.message.hasPrefix("ERR unknown command") == true)
            let reply = try await redis.send(RedisCommand("PING"))
            #expect(reply.string == "PONG")
        }
    }

    @Test("A pipeline keeps its order, and a refusal its place")
    func pipeline() async throws {
        try await withClient { (redis) async throws in
            let replies = try await redis.pipeline([
                RedisCommand("RPUSH", "list", "a"), RedisCommand("INCR", "list"), RedisCommand("RPUSH", "list", "b"),
                RedisCommand("LRANGE", "list", 0, -1),
            ])
            #expect(replies.count == 4)
            #expect(replies[0] == .integer(1))
            guard case .error(let message) = replies[1] else {
                Issue.record("no error")
                return
            }
            #expect(message.hasPrefix("WRONGTYPE"))
            #expect(replies[3] == .array([.bytes(Array("a".utf8)), .bytes(Array("b".utf8))]))
            #expect(try await redis.pipeline([]) == [])
        }
    }

    @Test("Each of many tasks gets the reply to its own command")
    func concurrency() async throws {
        try await withClient { (redis) async throws in
            try await withThrowingTaskGroup { group in
                for number in 0..<500 {
                    group.addTask {
                        let reply = try await redis.send(RedisCommand("ECHO", number))
                        #expect(reply.integer == Int64(number))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A value of 8 MB goes both ways")
    func bigValue() async throws {
        try await withClient { (redis) async throws in
            let bytes = [UInt8](repeating: 7, count: 8 << 20)
            _ = try await redis.send(RedisCommand("SET", "big", bytes))
            #expect(try await redis.send(RedisCommand("GET", "big")) == .bytes(bytes))
        }
    }

    @Test("A script runs by its digest, and again after the server forgot it")
    func script() async throws {
        // A server of its own: forgetting scripts would show in the tests of others.
        try await TemporaryRedis.withServer { server in try await self.script(on: server.url) }
    }

    private func script(on url: String) async throws {
        try await withClient(url: url) { (redis) async throws in
            let script = "return {KEYS[1], ARGV[1]}"
            let expected = RESPValue.array([.bytes(Array("k".utf8)), .bytes(Array("5".utf8))])
            #expect(try await redis.script(script, keys: ["k"], arguments: [5]) == expected)
            _ = try await redis.send(RedisCommand("SCRIPT", "FLUSH"))
            #expect(try await redis.script(script, keys: ["k"], arguments: [5]) == expected)
            #expect(await redisError { _ = try await redis.script("return redis.error_reply('NO way')", keys: []) }?.message == "NO way")
        }
    }

    @Test("Databases are apart, a wrong password is no connection")
    func greeting() async throws {
        try await TemporaryRedis.withServer { server in
            try await withClient(url: server.url + "?db=5") { (redis) async throws in
                _ = try await redis.send(RedisCommand("SET", "key", "five"))
                try await withClient(url: server.url) { (other) async throws in
                    #expect(try await other.send(RedisCommand("GET", "key")) == .null)
                }
                _ = try await redis.send(RedisCommand("CONFIG", "SET", "requirepass", "secret"))
            }
            try await withClient(url: server.url) { (redis) async throws in
                #expect(await redisError { _ = try await redis.send(RedisCommand("PING")) }?.code == .unavailable)
            }
        }
    }

    @Test("A cancelled task stops waiting; those behind it get their own replies")
    func cancellation() async throws {
        try await withClient { (redis) async throws in
            let blocked = Task { try await redis.send(RedisCommand("BLPOP", "nothing", 1)) }
            let behind = Task { try await redis.send(RedisCommand("ECHO", "behind")) }
            blocked.cancel()
            #expect(await redisError { _ = try await blocked.value }?.code == .cancelled)
            #expect(try await behind.value.string == "behind")
        }
    }

    @Test("A server that hangs costs the timeout, then calls fail at once until it is back")
    func hung() async throws {
        try await TemporaryRedis.withServer { server in
            try await withClient(url: server.url, { ($0.commandTimeout, $0.connectTimeout) = (.milliseconds(60), .milliseconds(60)) }) {
                (redis) async throws in
                #expect(await eventually { (try? await redis.send(RedisCommand("PING"))) != nil })
                server.freeze(true)
                #expect(await redisError { _ = try await redis.send(RedisCommand("PING")) }?.code == .timeout)
                #expect(await eventually { await redisError { _ = try await redis.send(RedisCommand("PING")) }?.code == .unavailable })
                server.freeze(false)
                #expect(await eventually { (try? await redis.send(RedisCommand("PING"))) != nil })
            }
        }
    }

    @Test("A killed server is unavailable, and found again when it is back")
    func killed() async throws {
        try await TemporaryRedis.withServer { server in
            try await withClient(url: server.url) { (redis) async throws in
                let blocked = Task { try await redis.send(RedisCommand("BLPOP", "nothing", 0)) }
                #expect(await eventually { redis.isConnected })
                try await server.kill()
                #expect(await redisError { _ = try await blocked.value }?.code == .unavailable)
                #expect(await eventually { !redis.isConnected })
                #expect(await redisError { _ = try await redis.send(RedisCommand("PING")) }?.code == .unavailable)
                try await server.start()
                #expect(await eventually { (try? await redis.send(RedisCommand("PING")))?.string == "PONG" })
            }
        }
    }

    @Test("Shutdown answers those who wait and refuses the next")
    func shutdown() async throws {
        try await withClient { (redis) async throws in
            let blocked = Task { try await redis.send(RedisCommand("BLPOP", "nothing", 0)) }
            #expect(await eventually { redis.isConnected })
            await redis.shutdown()
            #expect(await redisError { _ = try await blocked.value }?.code == .shutDown)
            #expect(await redisError { _ = try await redis.send(RedisCommand("PING")) }?.code == .shutDown)
            var messages = redis.subscribe(["news"]).makeAsyncIterator()
            #expect(await messages.next() == nil)
        }
    }
}

@Suite("Redis subscription", .enabled(if: TemporaryRedis.isAvailable))
struct RedisSubscriptionTests {
    @Test("Messages arrive in order, and again after the server was away")
    func messages() async throws {
        try await TemporaryRedis.withServer { server in
            try await withClient(url: server.url) { (redis) async throws in
                var messages = redis.subscribe(["news", "other"]).makeAsyncIterator()
                #expect(await messages.next() == .subscribed)
                for number in 1...3 { _ = try await redis.send(RedisCommand("PUBLISH", "news", number)) }
                for number in 1...3 { #expect(await messages.next()?.text == "\(number)") }
                try await server.kill()
                try await server.start()
                #expect(await messages.next() == .subscribed)
                #expect(await eventually { (try? await redis.send(RedisCommand("PUBLISH", "other", "back")))?.integer == 1 })
                #expect(await messages.next() == .message(channel: "other", payload: Array("back".utf8)))
            }
        }
    }

    @Test("A subscription that falls silent is made again")
    func heartbeat() async throws {
        try await TemporaryRedis.withServer { server in
            try await withClient(url: server.url, { ($0.heartbeatInterval, $0.connectTimeout) = (.milliseconds(40), .milliseconds(40)) }) {
                (redis) async throws in
                var messages = redis.subscribe(["news"]).makeAsyncIterator()
                #expect(await messages.next() == .subscribed)
                server.freeze(true)
                // Long enough for a beat to go unanswered; the reconnection waits for the thaw.
                try await Task.sleep(for: .milliseconds(150))
                server.freeze(false)
                #expect(await messages.next() == .subscribed)
            }
        }
    }

    @Test("A reader that leaves ends its subscription")
    func leaving() async throws {
        try await TemporaryRedis.withServer { server in
            try await withClient(url: server.url) { (redis) async throws in
                let reader = Task { for await _ in redis.subscribe(["news"]) {} }
                #expect(await eventually { (try? await redis.send(RedisCommand("PUBSUB", "NUMSUB", "news")))?.array?.last == .integer(1) })
                reader.cancel()
                await reader.value
                #expect(await eventually { (try? await redis.send(RedisCommand("PUBSUB", "NUMSUB", "news")))?.array?.last == .integer(0) })
            }
        }
    }
}
