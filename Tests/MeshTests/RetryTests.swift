import Mesh
import Synchronization
import Testing

@Suite("Retries and hedges", .timeLimit(.minutes(1)))
struct RetryTests {
    // MARK: Retries

    @Test("A call that one replica has no room for is made again at another, when the method is idempotent and the budget has it")
    func retriesRefusal() async throws {
        let gate = Gate()
        let heavyOnce = MethodDescriptor(service: TestService.name, name: "HeavyOnce", isHeavy: true, timeout: .seconds(20))
        let held = [TestService.heavyEcho, heavyOnce].map { method in
            MeshMethod(method) { (_: Note, _) in
                await gate.pass()
                return Note("a")
            }
        }
        let free = [TestService.named("b", TestService.heavyEcho), TestService.named("b", heavyOnce)]
        let events = Events()
        let full = MeshServerConfiguration(maximumHeavyCalls: 1, maximumQueuedCalls: 0, observer: events)
        try await withReplicas(
            [(held, full), (free, .init())], client: .init(retries: .init(baseDelay: .zero), observer: events)
        ) { client, _ in
            let key = try await client.key(of: 0)
            let first = Task { try await client.echo("", TestService.heavyEcho, shard: key) }
            await gate.arrivals(1)
            let second = try await client.echo("", TestService.heavyEcho, shard: key)
            #expect(second == "b")
            #expect(events.client == [.retried])
            let error = await #expect(throws: MeshError.self) { try await client.echo("", heavyOnce, shard: key) }
            #expect(error?.code == .resourceExhausted)
            gate.open()
            let answer = try await first.value
            #expect(answer == "a")
            #expect(events.shed == [.queueFull, .queueFull])
        }
    }

    @Test("Without budget the failure stands")
    func budget() async throws {
        let gate = Gate()
        let held = MeshMethod(TestService.heavyEcho) { (note: Note, _) in
            await gate.pass()
            return note
        }
        let events = Events()
        let retries = RetryPolicy(baseDelay: .zero, budgetRatio: 0, budgetPerSecond: 0)
        try await withReplicas(
            [([held], .init(maximumHeavyCalls: 1, maximumQueuedCalls: 0))], client: .init(retries: retries, observer: events)
        ) { client, _ in
            let first = Task { try await client.echo("", TestService.heavyEcho) }
            await gate.arrivals(1)
            let error = await #expect(throws: MeshError.self) { try await client.echo("", TestService.heavyEcho) }
            #expect(error?.code == .resourceExhausted)
            #expect(events.client == [.retryDenied])
            gate.open()
            _ = try await first.value
        }
    }

    // MARK: Hedges

    private static let hedged = MethodDescriptor(
        service: TestService.name, name: "Hedged", isIdempotent: true, hedges: true, timeout: .seconds(20))

    @Test("When the first replica is slow a second is asked, its reply counts, and the first is given up")
    func hedge() async throws {
        let (gate, holds) = (Gate(), Counter())
        let method = MeshMethod(Self.hedged) { (note: Note, _) in
            if note.text == "slow" {
                holds.add()
                if holds.count == 1 { await gate.pass() }
            }
            return note
        }
        let events = Events()
        let configuration = MeshClientConfiguration(retries: .init(budgetRatio: 2), observer: events)
        try await withReplicas([([method], .init()), ([method], .init())], client: configuration) { client, _ in
            // Enough calls to know what is usual.
            for _ in 0..<64 { _ = try await client.echo("", Self.hedged) }
            let before = events.client.count { $0 == .hedgeWon }
            let answer = try await client.echo("slow", Self.hedged)
            #expect(answer == "slow")
            #expect(holds.count == 2)
            #expect(events.client.count { $0 == .hedgeWon } == before + 1)
            // The handler still holds, and nobody waits for it.
            #expect(client.state.map(\.inFlight) == [0, 0])
            gate.open()
        }
    }

    @Test("When the first replica is lost while a second is asked, the second's reply counts")
    func hedgeOutlivesFirst() async throws {
        let (first, second) = (Gate(), Gate())
        let arrivals = Mutex<[Int]>([])
        func method(_ index: Int) -> MeshMethod {
            MeshMethod(Self.hedged) { (note: Note, _) in
                guard note.text == "slow" else { return note }
                let place = arrivals.withLock { arrivals in
                    arrivals.append(index)
                    return arrivals.count
                }
                await (place == 1 ? first : second).pass()
                return note
            }
        }
        let quick = MeshServerConfiguration(drainTimeout: .milliseconds(20))
        try await withReplicas(
            [([method(0)], quick), ([method(1)], quick)], client: .init(retries: .init(maximumAttempts: 1, budgetRatio: 2))
        ) { client, servers in
            for _ in 0..<64 { _ = try await client.echo("", Self.hedged) }
            let call = Task { try await client.echo("slow", Self.hedged) }
            await first.arrivals(1)
            await second.arrivals(1)
            await servers[arrivals.withLock { $0[0] }].drain()
            second.open()
            let answer = try await call.value
            #expect(answer == "slow")
            first.open()
        }
    }
}
