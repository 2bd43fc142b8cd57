import GatewayCore
import Glibc
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

/// Through real sockets.
@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    private static let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
    private static let token = "Authorization: Bearer service:x\r\n"

    @Test func keepAliveAndAnErrorOfTheProtocol() async throws {
        try await Self.withServer { port, _ in
            try await Self.withConnection(port) { connection in
                for _ in 0..<2 {
                    let answer = try await connection.exchange("GET /api/v1/users/1 HTTP/1.1\r\nHost: x\r\n\(Self.token)\r\n")
                    #expect(answer.hasPrefix("HTTP/1.1 200"))
                    #expect(answer.contains("\"name\":\"Person 1\""))
                    #expect(answer.lowercased().contains("date: fri, 15 jan 2027 08:00:00 gmt"))
                }
                let answer = try await connection.exchange("NOT HTTP AT ALL\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 400"))
                #expect(answer.contains("\"request_id\""))
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func aHeaderThatIsTooLarge() async throws {
        try await Self.withServer { port, _ in
            try await Self.withConnection(port) { connection in
                let answer = try await connection.exchange(
                    "GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\nX-Long: \(String(repeating: "a", count: 100_000))\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 431") || answer.hasPrefix("HTTP/1.1 400"))
                #expect(answer.contains("\"error\""))
            }
        }
    }

    @Test("A body over the limit is answered while the client is still sending")
    func largeBody() async throws {
        try await Self.withServer { port, _ in
            try await Self.withConnection(port) { connection in
                let head = "POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\n\(Self.token)Content-Type: application/json\r\nContent-Length: 5000000\r\n\r\n"
                let answer = try await connection.exchange(head + String(repeating: "a", count: 100_000))
                #expect(answer.hasPrefix("HTTP/1.1 413"))
                #expect(answer.contains("\"error\""))
            }
        }
    }

    // MARK: Errors for those who are still sending

    /// More than any buffer on the way takes in.
    private static let large = String(repeating: "a", count: 10 << 20)
    private static let post = "POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\n\(token)Content-Type: application/json\r\n"

    @Test(
        "Whoever sends everything before reading still gets its error",
        arguments: [
            ("\(post)Content-Length: \(large.utf8.count)\r\n\r\n", "413"),
            ("\(post)Connection: close\r\nContent-Length: \(large.utf8.count)\r\n\r\n", "413"),
            ("\(post)Transfer-Encoding: chunked\r\n\r\na00000\r\n", "413"),
            ("POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\nContent-Length: \(large.utf8.count)\r\n\r\n", "401"),
            ("POST /api/v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: \(large.utf8.count)\r\n\r\n", "404"),
            ("NOT HTTP AT ALL\r\n\r\n", "400"),
            ("GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\nX-Long: ", "431"),
        ])
    func errorsForSenders(head: String, status: String) async throws {
        try await Self.withServer { port, _ in
            try await Self.withConnection(port) { connection in
                let start = ContinuousClock.now
                let answer = try await connection.exchange(head + Self.large)
                #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
                #expect(answer.lowercased().contains("connection: close"))
                #expect(answer.contains("\"request_id\""))
                #expect(try await connection.isClosed())
                #expect(ContinuousClock.now - start < .seconds(20))
            }
        }
    }

    @Test("After an error with little left to read the connection goes on")
    func littleLeft() async throws {
        try await Self.withServer { port, _ in
            try await Self.withConnection(port) { connection in
                for _ in 0..<2 {
                    let answer = try await connection.exchange(
                        "POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n" + String(repeating: "a", count: 30_000))
                    #expect(answer.hasPrefix("HTTP/1.1 401"))
                    #expect(!answer.lowercased().contains("connection: close"))
                }
            }
        }
    }

    @Test("A client that goes on sending is read for so long and so much only")
    func lingeringIsBounded() async throws {
        let head = "\(Self.post)Content-Length: 1000000000\r\n\r\n"
        try await Self.withServer(configure: { $0.lingering.size = 1 << 20 }) { port, _ in
            try await Self.withConnection(port) { connection in
                // Whether the answer survives what its client does after it is luck; what matters is that the server stops.
                let sent = try await connection.send(head, then: Self.large, atMost: 40)
                #expect(sent < 40)
            }
        }
        try await Self.withServer(configure: { $0.lingering.time = .milliseconds(200) }) { port, _ in
            try await Self.withConnection(port) { connection in
                #expect(try await connection.exchange(head + "a").hasPrefix("HTTP/1.1 413"))
                // The server has closed its half. What is sent now is refused before long.
                let refused = try await connection.drip("a", then: "a", every: .milliseconds(20), untilAnswered: false)
                #expect(refused.isEmpty)
            }
        }
    }

    @Test func anInheritedSocketIsServed() async throws {
        // Bound and listening before the server exists, as a supervisor would hand it down.
        let (inherited, port) = try Self.listeningSocket()
        try await Self.withServer(socket: .inherited(inherited)) { _, _ in
            try await Self.withConnection(port) { connection in
                let answer = try await connection.exchange("GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test("Draining ends each connection with its next answer")
    func draining() async throws {
        try await Self.withServer(grace: .seconds(30)) { port, stop in
            try await Self.withConnection(port) { connection in
                let request = "GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
                #expect(try await !connection.exchange(request).lowercased().contains("connection: close"))
                await stop()
                // The listener closes at once: nobody new gets in.
                await #expect(throws: (any Error).self) {
                    while true { try await Self.withConnection(port) { _ in } }
                }
                let last = try await connection.exchange(request)
                #expect(last.hasPrefix("HTTP/1.1 200"))
                #expect(last.lowercased().contains("connection: close"))
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("Idle connections are closed when the grace is over")
    func drainingIdle() async throws {
        try await Self.withServer(grace: .milliseconds(10)) { port, stop in
            try await Self.withConnection(port) { connection in
                _ = try await connection.exchange("GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
                await stop()
                #expect(try await connection.isClosed())
            }
        }
    }

    // MARK: Limits

    /// Long enough for a busy machine to answer within, short enough to wait for.
    private static let impatient: @Sendable (inout GatewayServer.Configuration) -> Void = { configuration in
        configuration.clientTimeouts.head = .seconds(2)
        configuration.clientTimeouts.body = .seconds(1)
        configuration.clientTimeouts.idle = .seconds(1)
        configuration.clientTimeouts.write = .seconds(2)
        configuration.clientTimeouts.resolution = .milliseconds(20)
    }

    @Test("A header that never ends is cut off, however steadily it drips")
    func slowHeader() async throws {
        try await Self.withServer(configure: Self.impatient) { port, _ in
            try await Self.withConnection(port) { connection in
                let answer = try await connection.drip(
                    "GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n", then: "X-A: b\r\n", every: .milliseconds(20))
                #expect(answer.hasPrefix("HTTP/1.1 408"))
                #expect(answer.contains("\"request_id\""))
            }
        }
    }

    @Test("A body that never ends is cut off, too")
    func slowBody() async throws {
        try await Self.withServer(configure: Self.impatient) { port, _ in
            try await Self.withConnection(port) { connection in
                let head =
                    "POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\n\(Self.token)Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
                let answer = try await connection.drip(head, then: " ", every: .milliseconds(20))
                #expect(answer.hasPrefix("HTTP/1.1 408"))
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("A client that is silent after its answer is let go")
    func idleClient() async throws {
        try await Self.withServer(configure: Self.impatient) { port, _ in
            try await Self.withConnection(port) { connection in
                let answer = try await connection.exchange("GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 200"))
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test("A stream outlives the limit on slow clients, and ends whole when the server drains")
    func stream() async throws {
        try await Self.withServer(configure: {
            $0.clientTimeouts.write = .milliseconds(200)
            $0.clientTimeouts.resolution = .milliseconds(20)
        }) { port, stop in
            try await Self.withConnection(port) { connection in
                async let answer = connection.exchange("GET /api/v1/users/1/events HTTP/1.1\r\nHost: x\r\n\(Self.token)\r\n")
                // Longer than a client may take for an answer that waits for it.
                try await Task.sleep(for: .milliseconds(900))
                await stop()
                let text = try await answer
                #expect(text.hasPrefix("HTTP/1.1 200"))
                #expect(text.contains("retry: 2000"))
                #expect(text.hasSuffix("0\r\n\r\n"))
            }
        }
    }

    @Test("A client that keeps asking is served beyond every limit")
    func busyClient() async throws {
        try await Self.withServer(configure: Self.impatient) { port, _ in
            try await Self.withConnection(port) { connection in
                let start = ContinuousClock.now
                while ContinuousClock.now - start < .milliseconds(2500) {
                    // As a service, which has no rate limit.
                    let answer = try await connection.exchange("GET /api/v1/users/1 HTTP/1.1\r\nHost: x\r\n\(Self.token)\r\n")
                    try #require(answer.hasPrefix("HTTP/1.1 200"))
                }
            }
        }
    }

    @Test("One connection too many is told so; when one has gone there is room again")
    func connections() async throws {
        try await Self.withServer(configure: { $0.maximumConnections = 2 }) { port, _ in
            let request = "GET /api/v1/users/1 HTTP/1.1\r\nHost: x\r\n\(Self.token)\r\n"
            try await Self.withConnection(port) { first in
                _ = try await first.exchange(request)
                try await Self.withConnection(port) { second in
                    _ = try await second.exchange(request)
                    try await Self.withConnection(port) { third in
                        let answer = try await third.exchange(request)
                        #expect(answer.hasPrefix("HTTP/1.1 503"))
                        #expect(answer.contains("retry-after: 1"))
                        #expect(answer.contains("\"error\""))
                    }
                    #expect(try await second.exchange(request).hasPrefix("HTTP/1.1 200"))
                }
                // The server learns of the end of a connection a moment later.
                var answer = ""
                repeat {
                    try await Self.withConnection(port) { answer = try await $0.exchange(request) }
                } while answer.hasPrefix("HTTP/1.1 503")
                #expect(answer.hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test("JSON that is nested too deeply is a 400, however deep")
    func deepJSON() async throws {
        try await Self.withServer { port, _ in
            try await Self.withConnection(port) { connection in
                let body = String(repeating: "[", count: 200_000)
                let answer = try await connection.exchange(
                    "POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\n\(Self.token)Content-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n\(body)"
                )
                #expect(answer.hasPrefix("HTTP/1.1 400"))
            }
        }
    }

    // MARK: Socket activation

    @Test func theSocketToServe() throws {
        func resolve(_ environment: [String: String]) throws -> ListeningSocket {
            try ListeningSocket.resolved(environment: { environment[$0] }, processID: 7, host: "h", port: 1)
        }
        #expect(try resolve([:]) == .address(host: "h", port: 1))
        #expect(try resolve(["LISTEN_FDS": "1"]) == .inherited(3))
        #expect(try resolve(["LISTEN_FDS": "1", "LISTEN_PID": "7"]) == .inherited(3))
        #expect(try resolve(["LISTEN_FDS": "1", "LISTEN_PID": "8"]) == .address(host: "h", port: 1))
        #expect(throws: ListeningError.self) { try resolve(["LISTEN_FDS": "2"]) }
    }

    // MARK: Helpers

    private static func withServer(
        socket: ListeningSocket = .address(host: "127.0.0.1", port: 0), grace: Duration = .zero,
        configure: (inout GatewayServer.Configuration) -> Void = { _ in },
        _ body: (_ port: Int, _ stop: @Sendable () async -> Void) async throws -> Void
    ) async throws {
        let harness = await Harness(people: 3)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var configuration = GatewayServer.Configuration()
        configuration.drainGrace = grace
        configure(&configuration)
        let server = GatewayServer(application: harness.application, socket: socket, configuration: configuration, logger: Self.logger) {
            continuation.yield($0?.port ?? 0)
        }
        let group = ServiceGroup(services: [server], logger: Self.logger)
        async let running: Void = group.run()
        var iterator = ports.makeAsyncIterator()
        let port = await iterator.next() ?? 0
        do {
            try await body(port) { await group.triggerGracefulShutdown() }
        } catch {
            await group.triggerGracefulShutdown()
            try await running
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running
    }

    private struct Failure: Error {}

    /// A socket of 127.0.0.1 that listens on a free port.
    private static func listeningSocket() throws -> (descriptor: CInt, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = SocketClient.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isListening else { throw Failure() }
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }

    private static func withConnection(_ port: Int, _ body: (SocketClient) async throws -> Void) async throws {
        let client = try await SocketClient(port: port)
        do {
            try await body(client)
        } catch {
            client.close()
            throw error
        }
        client.close()
    }
}
