import Glibc
import Mesh
import Synchronization
import Testing

/// Peers that send what ours never would: over the real socket, past the handshake.
@Suite("Hostile peers", .timeLimit(.minutes(1)))
struct HostilePeerTests {
    private func path(_ address: String) -> String { String(address.dropFirst("ipc://".count)) }

    private func call(deadline: Deadline = .after(.seconds(20))) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Envelope.size)
        let envelope = Envelope(kind: .call, method: TestService.echo.id, instant: deadline.nanoseconds)
        unsafe bytes.withUnsafeMutableBytes { unsafe envelope.write(to: $0) }
        return bytes
    }

    private func status(of reply: [UInt8]?) throws -> UInt16 {
        let reply = try #require(reply)
        return try unsafe reply.dropFirst(4).withUnsafeBytes { try unsafe Envelope(reading: $0) }.status
    }

    @Test("A server answers what isn't a call with a status, and goes on")
    func garbageCalls() async throws {
        try await withServer([TestService.echoMethod]) { client, server, _ in
            let id: [UInt8] = [0x80, 0, 0, 1]
            var newer = self.call()
            newer[0] = 2
            var noCall = self.call()
            noCall[1] = 9
            var cut = self.call()
            cut[42] = 200
            var badMetadata = self.call() + [5, 1, 2]
            badMetadata[42] = 3
            let wrong: [([UInt8], MeshError.Code)] = [
                ([], .internal), ([1, 2, 3], .internal), (Array(self.call().dropLast()), .internal), (newer, .internal), (noCall, .internal),
                (cut, .internal), (badMetadata, .invalidArgument),
            ]
            let peer = try WirePeer(connectingTo: self.path(server.address))
            try peer.handshake(as: WirePeer.request)
            for (bytes, code) in wrong {
                peer.writeMessage(id + bytes)
                #expect(try self.status(of: peer.readMessage()) == code.rawValue)
            }
            peer.writeMessage(id + self.call() + [7])
            let good = peer.readMessage()
            #expect(try self.status(of: good) == 0)
            #expect(good?.last == 7)
            let answer = try await client.echo()
            #expect(answer == "hello")
        }
    }

    @Test("Random bytes in place of a handshake, a length or a message harm nobody else")
    func randomBytes() async throws {
        try await withServer([TestService.echoMethod], configuration: .init(maximumMessageSize: 10_000)) { client, server, _ in
            var generator = SplitMix64(seed: 7)
            for round in 0..<40 {
                let peer = try WirePeer(connectingTo: self.path(server.address))
                if round % 4 > 0 { try peer.handshake(as: round % 4 == 1 ? 0x77 : WirePeer.request) }
                // A length beyond all bounds, and a message without an identifier's end.
                if round % 4 == 2 { peer.write([1, 0x3F] + [UInt8](repeating: 0xFF, count: 7)) }
                if round % 4 == 3 { peer.writeMessage([UInt8](repeating: 0, count: 4 * round)) }
                peer.write((0..<Int.random(in: 1...300, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) })
                if round % 8 == 0 {
                    let answer = try await client.echo()
                    #expect(answer == "hello")
                }
            }
            let answer = try await client.echo()
            #expect(answer == "hello")
        }
    }

    @Test("A client takes a reply that it can't read for a failure of the server, at once")
    func garbageReplies() async throws {
        var reply = [UInt8](repeating: 0, count: Envelope.size)
        unsafe reply.withUnsafeMutableBytes { unsafe Envelope(kind: .reply).write(to: $0) }
        var newer = reply
        newer[0] = 9
        var failure = reply
        failure[40] = 5
        let wrong = [[], [1], Array(reply.dropLast()), newer, self.call(), failure + [0xFF, 0xFF, 0xFF, 0x7F]]
        try await withMeshDirectory { directory in
            _ = try Discovery(directory: directory, logger: quietLogger)
            let socket = "\(directory)/garbage.sock"
            let listener = try WirePeer.listener(at: socket)
            let replies = Mutex(wrong)
            let thread = Thread {
                guard let peer = try? WirePeer(accepting: listener) else { return }
                try? peer.handshake(as: WirePeer.reply)
                while let message = peer.readMessage(), let next = replies.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
                    peer.writeMessage(Array(message.prefix(4)) + next)
                }
            }
            let client = MeshClient(
                service: "test", discovery: Discovery(static: [Endpoint(service: "test", address: "ipc://\(socket)")]), logger: quietLogger)
            for _ in wrong {
                let error = await #expect(throws: MeshError.self) { try await client.echo("x", TestService.once) }
                #expect(error?.code == .internal)
            }
            // The peer leaves without a reply.
            let error = await #expect(throws: MeshError.self) { try await client.echo("x", TestService.once) }
            #expect(error?.code == .unavailable)
            thread.join()
            close(listener)
            await client.shutdown()
        }
    }
}

/// A thread that can be waited for.
final class Thread: Sendable {
    private let handle: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    init(_ run: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let body = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
        let status = unsafe pthread_create(
            &handle, nil,
            { body in
                if let body = unsafe body { unsafe Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
                return nil
            }, body)
        precondition(status == 0)
        self.handle = handle
    }

    func join() { _ = pthread_join(self.handle, nil) }
}
