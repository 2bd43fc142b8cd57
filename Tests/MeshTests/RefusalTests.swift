import Mesh
import Synchronization
import Testing

@Suite("Refusals and cancellation", .timeLimit(.minutes(1)))
struct RefusalTests {
    // MARK: Cancellation

    @Test("A caller that gives up has its heavy handler cancelled, running or waiting")
    func cancellationReachesServer() async throws {
        let (gate, runs) = (Gate(), Counter())
        let method = MeshMethod(TestService.heavyEcho) { (note: Note, _) in
            runs.add()
            await withTaskCancellationHandler {
                await gate.pass()
            } onCancel: {
                gate.open()
            }
            try Task.checkCancellation()
            return note
        }
        let events = Events()
        try await withReplicas(
            [([method, TestService.echoMethod], .init(heavyThreads: 1, maximumHeavyCalls: 1, observer: events))],
            client: .init(cancelNotice: .zero)
        ) { client, servers in
            let running = Task { try await client.echo("", TestService.heavyEcho) }
            await gate.arrivals(1)
            let waiting = Task { try await client.echo("", TestService.heavyEcho) }
            await events.waitForQueue(of: servers[0], 1)
            for (index, call) in [waiting, running].enumerated() {
                call.cancel()
                let error = await #expect(throws: MeshError.self) { try await call.value }
                #expect(error?.code == .cancelled)
                await events.waitForNotices(index + 1)
            }
            // Without the word of the cancellation the first handler would hold the server's only place until its deadline.
            let next = try await client.echo("next", TestService.heavyEcho)
            #expect(next == "next")
            #expect(runs.count == 2)
        }
    }

    // MARK: Refusals

    @Test("A method that keeps failing is refused at once, and called again when a probe succeeds")
    func breaker() async throws {
        let runs = Counter()
        let isBroken = Mutex(true)
        let method = MeshMethod(TestService.echo) { (note: Note, _) in
            runs.add()
            if isBroken.withLock({ $0 }) { throw MeshError(.internal, "broken") }
            return note
        }
        let events = Events()
        for (openDuration, recovers) in [(Duration.seconds(60), false), (.zero, true)] {
            let policy = CircuitBreakerPolicy(minimumCalls: 5, openDuration: openDuration, probes: 1)
            let before = runs.count
            isBroken.withLock { $0 = true }
            try await withReplicas(
                [([method, TestService.named("fine", TestService.once)], .init())], client: .init(breaker: policy, observer: events)
            ) { client, _ in
                for _ in 0..<5 {
                    let error = await #expect(throws: MeshError.self) { try await client.echo() }
                    #expect(error?.code == .internal)
                }
                #expect(client.methodStates.map(\.breaker) == [.open])
                isBroken.withLock { $0 = false }
                if recovers {
                    let answer = try await client.echo("back")
                    #expect(answer == "back")
                    #expect(client.methodStates.map(\.breaker) == [.closed])
                } else {
                    let error = await #expect(throws: MeshError.self) { try await client.echo() }
                    #expect(error?.code == .unavailable)
                    #expect(runs.count == before + 5)
                    let other = try await client.echo("", TestService.once)
                    #expect(other == "fine")
                }
            }
        }
        #expect(events.client == [.breakerOpened, .breakerRefused, .breakerOpened, .breakerClosed])
    }

    @Test("A replica that fails again and again gets no calls; the last half is never ejected")
    func ejection() async throws {
        let isWell = Mutex(true)
        let broken = MeshMethod(TestService.echo) { (_: Note, _) -> Note in throw MeshError(.internal, "broken") }
        let other = MeshMethod(TestService.echo) { (_: Note, _) in
            if !isWell.withLock({ $0 }) { throw MeshError(.internal, "broken too") }
            return Note("b")
        }
        let events = Events()
        try await withReplicas(
            [([broken], .init()), ([other], .init())],
            client: .init(breaker: nil, outliers: .init(consecutiveFailures: 3, baseDuration: .seconds(60)), observer: events)
        ) { client, _ in
            let key = try await client.key(of: 0)
            for _ in 0..<3 {
                await #expect(throws: MeshError.self) { try await client.echo("", TestService.echo, shard: key) }
            }
            #expect(events.client == [.ejected])
            #expect(client.state.map(\.isEjected) == [true, false])
            let moved = try await client.echo("", TestService.echo, shard: key)
            #expect(moved == "b")
            isWell.withLock { $0 = false }
            for _ in 0..<6 { await #expect(throws: MeshError.self) { try await client.echo() } }
            #expect(client.state.map(\.isEjected) == [true, false])
        }
    }

    @Test("Each replica has so many calls in flight and no more; then a call is refused at once")
    func inFlightCap() async throws {
        let gate = Gate()
        let held = MeshMethod(TestService.once) { (note: Note, _) in
            await gate.pass()
            return note
        }
        let events = Events()
        try await withReplicas(
            [([held], .init()), ([held], .init())], client: .init(maximumInFlight: 3, observer: events)
        ) { client, _ in
            let calls = (0..<6).map { index in Task { try await client.echo("\(index)", TestService.once) } }
            await gate.arrivals(6)
            #expect(client.state.map(\.inFlight) == [3, 3])
            for key in [nil, ShardKey(1)] {
                let error = await #expect(throws: MeshError.self) { try await client.echo("", TestService.once, shard: key) }
                #expect(error?.code == .resourceExhausted)
            }
            #expect(events.client == [.capped, .capped])
            gate.open()
            for call in calls { _ = try await call.value }
        }
    }

    // MARK: The server's queue

    @Test("Beyond the limit calls wait their turn; beyond the queue the one with the least time left is refused")
    func queue() async throws {
        let gate = Gate()
        let held = MeshMethod(TestService.heavyEcho) { (note: Note, _) in
            await gate.pass()
            return note
        }
        let events = Events()
        let configuration = MeshServerConfiguration(
            heavyThreads: 1, maximumHeavyCalls: 1, maximumQueuedCalls: 1, observer: events)
        try await withReplicas([([held], configuration)], client: .init(retries: .never)) { client, servers in
            func call(_ text: String, _ seconds: Int) -> Task<String, any Error> {
                Task { try await client.echo(text, TestService.heavyEcho, deadline: .after(.seconds(seconds))) }
            }
            let first = call("first", 30)
            await gate.arrivals(1)
            let second = call("second", 30)
            await events.waitForQueue(of: servers[0], 1)
            let hasty = await #expect(throws: MeshError.self) { try await call("hasty", 10).value }
            #expect(hasty?.code == .resourceExhausted)
            let patient = call("patient", 50)
            let displaced = await #expect(throws: MeshError.self) { try await second.value }
            #expect(displaced?.code == .resourceExhausted)
            gate.open()
            let answers = try await [first.value, patient.value]
            #expect(answers == ["first", "patient"])
            #expect(events.shed == [.queueFull, .queueFull])
            #expect(events.queued == 1)
            let statistics = servers[0].statistics
            #expect(statistics.refused == 2 && statistics.queued == 0 && statistics.limit == 1)
        }
    }

    @Test("The limit on heavy calls falls while calls wait for a thread, down to the number of threads")
    func adaptiveLimit() async throws {
        // Every wait is longer than none.
        let policy = AdaptiveLimitPolicy(target: .zero, interval: .zero)
        let configuration = MeshServerConfiguration(heavyThreads: 2, maximumHeavyCalls: 8, adaptiveLimit: policy)
        try await withReplicas([([TestService.heavyEchoMethod], configuration)]) { client, servers in
            #expect(servers[0].statistics.limit == 8)
            for _ in 0..<10 { _ = try await client.echo("", TestService.heavyEcho) }
            #expect(servers[0].statistics.limit == 2)
        }
    }
}
