import Mesh
import Synchronization
import Testing

@Suite("How calls are shared", .timeLimit(.minutes(1)))
struct ShareTests {
    // MARK: Shares

    @Test("Calls with one shard key go to one replica, and calls with many to all")
    func sharding() async throws {
        try await withReplicas((0..<3).map { ([TestService.named("\($0)")], .init()) }) { client, _ in
            var owners: Set<String> = []
            // The replicas' names, and with them their shares, are others in each run: enough keys for each to get some.
            for key in 0..<100 {
                let owner = try await client.echo("", shard: ShardKey(key))
                owners.insert(owner)
                for _ in 0..<2 {
                    let again = try await client.echo("", shard: ShardKey(key))
                    #expect(again == owner)
                }
            }
            #expect(owners == ["0", "1", "2"])
        }
    }

    @Test("A canary gets the share of its weight, though it is as quick as the others")
    func canary() async throws {
        try await withReplicas(
            [([TestService.named("old")], .init()), ([TestService.named("new")], .init())], weights: [1, 0.25], versions: ["1", "2"]
        ) { client, _ in
            var new = 0
            for _ in 0..<1_000 where try await client.echo() == "new" { new += 1 }
            #expect(new > 140 && new < 260)
        }
    }

    @Test("A replica that others keep busy gets fewer calls")
    func reportedLoad() async throws {
        let gate = Gate()
        func methods(_ name: String) -> [MeshMethod] {
            [
                TestService.named(name),
                MeshMethod(TestService.once) { (_: Note, _) in
                    await gate.pass()
                    return Note()
                },
            ]
        }
        try await withReplicas([(methods("a"), .init()), (methods("b"), .init())]) { client, servers in
            // Another client, which only knows the first, holds calls there.
            let endpoint = Endpoint(service: "test", address: servers[0].address)
            let other = MeshClient(service: "test", discovery: Discovery(static: [endpoint]), logger: quietLogger)
            let held = (0..<100).map { _ in Task { try await other.echo("", TestService.once) } }
            await gate.arrivals(100)
            let key = try await client.key(of: 0)
            _ = try await client.echo("", shard: key)
            #expect(client.state[0].reportedLoad > 100)
            var first = 0
            for _ in 0..<50 where try await client.echo() == "a" { first += 1 }
            #expect(first < 15)
            gate.open()
            for call in held { _ = try await call.value }
            await other.shutdown()
        }
    }

    // MARK: Shadows

    @Test("A shadow gets flagged copies of idempotent calls, and answers none")
    func shadow() async throws {
        let copies = Gate()
        copies.open()
        let flags = Mutex<[Bool]>([])
        func live(_ method: MethodDescriptor) -> MeshMethod {
            MeshMethod(method) { (_: Note, context) in Note("live \(context.isShadow)") }
        }
        let copied = MeshMethod(TestService.echo) { (_: Note, context) -> Note in
            flags.withLock { $0.append(context.isShadow) }
            await copies.pass()
            throw MeshError(.internal, "a shadow's failure hurts nobody")
        }
        let once = Counter()
        let never = MeshMethod(TestService.once) { (note: Note, _) in
            once.add()
            return note
        }
        let events = Events()
        try await withReplicas(
            [([live(TestService.echo), live(TestService.once)], .init()), ([copied, never], .init())], shadowShares: [0, 1],
            client: .init(outliers: .init(consecutiveFailures: 1), observer: events)
        ) { client, _ in
            for _ in 0..<20 {
                let answer = try await client.echo()
                #expect(answer == "live false")
            }
            await copies.arrivals(20)
            #expect(flags.withLock { $0 } == [Bool](repeating: true, count: 20))
            #expect(events.client == [MeshClientEvent](repeating: .shadowed, count: 20))
            let written = try await client.echo("", TestService.once)
            #expect(written == "live false")
            // What works for a shadow calls on as a shadow, and is refused where it might write.
            let context = CallContext(deadline: .after(.seconds(20)), isShadow: true)
            let nested: Note = try await client.call(TestService.echo, Note(), context: context)
            #expect(nested.text == "live true")
            let error = await #expect(throws: MeshError.self) {
                let _: Note = try await client.call(TestService.once, Note(), context: context)
            }
            #expect(error?.code == .failedPrecondition)
            #expect(once.count == 0)
            #expect(events.client.count == 21)
        }
    }
}
