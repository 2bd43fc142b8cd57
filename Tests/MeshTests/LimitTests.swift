import Mesh
import Testing

@Suite("Limits and ends", .timeLimit(.minutes(1)))
struct LimitTests {
    @Test("A reply over the client's limit is refused with a sentence, and the connection lives on")
    func oversizeReply() async throws {
        let method = MeshMethod(TestService.echo) { (note: Note, _) in
            note.text == "big" ? Note([UInt8](repeating: 1, count: 11_000)) : note
        }
        try await withReplicas([([method], .init())], client: .init(maximumMessageSize: 10_000, retries: .never)) { client, _ in
            let error = await #expect(throws: MeshError.self) { try await client.echo("big") }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.message.contains("10000") == true)
            let answer = try await client.echo("small")
            #expect(answer == "small")
        }
    }

    @Test("Replicas that drain one after the other under load fail no call, even of methods that must not be retried")
    func drainUnderLoad() async throws {
        try await withMeshDirectory { directory in
            func server(_ name: String) -> MeshServer {
                MeshServer(
                    service: "test", version: "1", directory: directory, methods: [TestService.named(name, TestService.once)],
                    logger: quietLogger)
            }
            var current = server("0")
            try await current.start()
            let discovery = try Discovery(directory: directory, logger: quietLogger)
            let client = MeshClient(service: "test", discovery: discovery, logger: quietLogger)
            try await client.waitForReady(1)
            let end = Counter()
            let workers = (0..<8).map { _ in
                Task {
                    var calls = 0
                    while end.count == 0 {
                        _ = try await client.echo("", TestService.once)
                        calls += 1
                    }
                    return calls
                }
            }
            for index in 1...3 {
                let next = server("\(index)")
                try await next.start()
                try await client.waitForReady(2)
                await current.drain()
                current = next
            }
            end.add()
            for worker in workers {
                let calls = try await worker.value
                #expect(calls > 0)
            }
            await client.shutdown()
            await current.drain()
            discovery.shutdown()
        }
    }

    @Test("A handler's own calls have less time than the handler, so that it can still reply")
    func deadlineShrinks() async throws {
        let inner = MeshMethod(TestService.once) { (_: Note, context) in Note("\(context.deadline.remaining / .nanoseconds(1))") }
        try await withReplicas([([inner], .init())], client: .init(hopReserve: .seconds(5))) { innerClient, _ in
            let outer = MeshMethod(TestService.echo) { (_: Note, _) in Note(try await innerClient.echo("", TestService.once)) }
            try await withReplicas([([outer], .init())]) { client, _ in
                let remaining = try await client.echo(deadline: .after(.seconds(20)))
                #expect(try #require(Double(remaining)) < 15e9)
            }
        }
    }
}
