import Glibc
import Mesh
import Testing

@Suite("Addresses and networks", .timeLimit(.minutes(1)))
struct AddressTests {
    @Test("A deadline crosses to another machine as what is left of it")
    func relativeDeadline() throws {
        let now = Deadline.now
        var bytes = [UInt8](repeating: 0, count: Envelope.size)
        unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe Envelope(kind: .call, flags: .idempotent, instant: now.advanced(by: .seconds(3)).nanoseconds).write(to: bytes)
            unsafe Envelope.makeRelative(bytes, deadline: now.advanced(by: .seconds(3)), at: now.advanced(by: .seconds(1)))
        }
        let envelope = try unsafe bytes.withUnsafeBytes { try unsafe Envelope(reading: $0) }
        #expect(envelope.flags == [.idempotent, .relative])
        #expect(envelope.instant == 2_000_000_000)
        // Another clock, far ahead of this one.
        let there = now.advanced(by: .seconds(1_000_000))
        #expect(envelope.deadline(at: there) == there.advanced(by: .seconds(2)))

        unsafe bytes.withUnsafeMutableBytes { unsafe Envelope.makeRelative($0, deadline: .never, at: now) }
        let endless = try unsafe bytes.withUnsafeBytes { try unsafe Envelope(reading: $0) }
        #expect(endless.deadline(at: now) == .never)
    }

    @Test("A server on TCP is called by number and by name; deadlines and sizes hold as on one machine")
    func tcp() async throws {
        let left = MeshMethod(TestService.once) { (_: Note, context) in Note("\(context.deadline.remaining <= .seconds(5))") }
        let server = MeshServer(
            service: "test", version: "1", address: "tcp://127.0.0.1:0", methods: [TestService.echoMethod, left], logger: quietLogger)
        try await server.start()
        let port = try #require(server.address.split(separator: ":").last.flatMap { Int($0) })
        #expect(port > 0)
        for address in [server.address, "tcp://localhost:\(port)"] {
            let discovery = Discovery(services: ["test": [address]], logger: quietLogger)
            let client = MeshClient(service: "test", discovery: discovery, logger: quietLogger)
            try await client.waitUntil(deadline: .after(.seconds(20))) { $0.contains(where: \.isReady) }
            let large: Note = try await client.call(TestService.echo, Note([UInt8](repeating: 3, count: 300_000)))
            #expect(large.bytes.count == 300_000)
            let isShort = try await client.echo("", TestService.once, deadline: .after(.seconds(5)))
            #expect(isShort == "true")
            let error = await #expect(throws: MeshError.self) { try await client.echo(deadline: .after(.zero)) }
            #expect(error?.code == .deadlineExceeded)
            await client.shutdown()
            discovery.shutdown()
        }
        await server.drain()
    }

    @Test("A name that can't be looked up has no replica, and other names have theirs")
    func unknownName() async throws {
        let discovery = Discovery(
            services: ["test": ["tcp://no-such-name.invalid:1", "ipc:///tmp/a.sock", "tls+tcp://[::1]:7400"]], logger: quietLogger)
        let client = MeshClient(service: "test", discovery: discovery, logger: quietLogger)
        try await client.waitUntil(deadline: .after(.seconds(20))) { !$0.isEmpty }
        #expect(discovery.endpoints(of: "test").map(\.address) == ["ipc:///tmp/a.sock", "tls+tcp://[::1]:7400"])
        await client.shutdown()
        discovery.shutdown()
    }
}
