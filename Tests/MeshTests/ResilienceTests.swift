import Mesh
import Synchronization
import Testing

@Suite("Calls against trouble", .timeLimit(.minutes(1)))
struct ResilienceTests {
    /// Who answered, and what for.
    private static func named(_ name: String, _ method: MethodDescriptor = TestService.echo) -> MeshMethod {
        MeshMethod(method) { (_: Note, _) in Note(name) }
    }

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
        let free = [Self.named("b", TestService.heavyEcho), Self.named("b", heavyOnce)]
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
            // Under heavy load the second connection was seen to be lost with the first, once in some twenty runs.
            await withKnownIssue(isIntermittent: true) {
                let answer = try await call.value
                #expect(answer == "slow")
            }
            first.open()
        }
    }

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
                [([method, Self.named("fine", TestService.once)], .init())], client: .init(breaker: policy, observer: events)
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

    // MARK: Shares

    @Test("Calls with one shard key go to one replica, and calls with many to all")
    func sharding() async throws {
        try await withReplicas((0..<3).map { ([Self.named("\($0)")], .init()) }) { client, _ in
            var owners: Set<String> = []
            for key in 0..<20 {
                let owner = try await client.echo("", shard: ShardKey(key))
                owners.insert(owner)
                for _ in 0..<5 {
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
            [([Self.named("old")], .init()), ([Self.named("new")], .init())], weights: [1, 0.25], versions: ["1", "2"]
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
                Self.named(name),
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

    // MARK: Limits and ends

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
                    service: "test", version: "1", directory: directory, methods: [Self.named(name, TestService.once)],
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
