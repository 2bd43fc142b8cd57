import Mesh
import Synchronization
import Testing

@Suite("Calls", .timeLimit(.minutes(1)))
struct CallTests {
    @Test("A call is answered, light and heavy, whatever its size", arguments: [0, 1, 64, 70_000, 3_000_000])
    func echo(size: Int) async throws {
        try await withServer([TestService.echoMethod, TestService.heavyEchoMethod]) { client, _, _ in
            let note = Note([UInt8](repeating: 7, count: size))
            let light: Note = try await client.call(TestService.echo, note)
            let heavy: Note = try await client.call(TestService.heavyEcho, note)
            #expect(light == note)
            #expect(heavy == note)
        }
    }

    @Test("A call that outlasts its deadline fails then, and its handler is cancelled")
    func slowHandler() async throws {
        let starts = Counter()
        let cancelled = Gate()
        cancelled.open()
        let method = MeshMethod(TestService.echo) { (note: Note, _) in
            starts.add()
            let never = Gate()
            await withTaskCancellationHandler {
                await never.pass()
            } onCancel: {
                never.open()
            }
            await cancelled.pass()
            return note
        }
        try await withServer([method]) { client, _, _ in
            // On a busy machine a call may expire before it arrives, and then no handler runs.
            var budget = Duration.milliseconds(10)
            repeat {
                let error = await #expect(throws: MeshError.self) { try await client.echo(deadline: .after(budget)) }
                #expect(error?.code == .deadlineExceeded)
                budget *= 2
            } while starts.count == 0
            await cancelled.arrivals(1)
        }
    }

    @Test("An expired call isn't sent")
    func expired() async throws {
        let runs = Counter()
        let method = MeshMethod(TestService.echo) { (note: Note, _) in
            runs.add()
            return note
        }
        try await withServer([method]) { client, _, _ in
            let error = await #expect(throws: MeshError.self) { try await client.echo(deadline: .after(.zero)) }
            #expect(error?.code == .deadlineExceeded)
            #expect(runs.count == 0)
        }
    }

    @Test("A cancelled caller gets its error at once; the slot serves the next call")
    func cancellation() async throws {
        let gate = Gate()
        let method = MeshMethod(TestService.once) { (note: Note, _) in
            await gate.pass()
            return note
        }
        try await withServer([method, TestService.echoMethod]) { client, _, _ in
            let call = Task { try await client.echo("lost", TestService.once) }
            await gate.arrivals(1)
            call.cancel()
            let error = await #expect(throws: MeshError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            let answer1 = try await client.echo("next")
            #expect(answer1 == "next")
            gate.open()
        }
    }

    @Test("An unknown method is UNIMPLEMENTED")
    func unimplemented() async throws {
        try await withServer([TestService.echoMethod]) { client, _, _ in
            let error = await #expect(throws: MeshError.self) {
                try await client.echo("", TestService.unknown, deadline: .after(.seconds(20)))
            }
            #expect(error?.code == .unimplemented)
        }
    }

    @Test("A handler's status arrives with message and details")
    func status() async throws {
        let method = MeshMethod(TestService.echo) { (_: Note, _) -> Note in
            throw MeshError(.failedPrecondition, "not yet – später", details: [1, 0, 255])
        }
        try await withServer([method]) { client, _, _ in
            let error = await #expect(throws: MeshError.self) { try await client.echo() }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message == "not yet – später")
            #expect(error?.details == [1, 0, 255])
        }
    }

    @Test("What an unforeseen error says stays in the server")
    func unforeseen() async throws {
        struct Private: Error, CustomStringConvertible { let description = "SELECT secret" }
        let method = MeshMethod(TestService.echo) { (_: Note, _) -> Note in throw Private() }
        try await withServer([method]) { client, _, _ in
            let error = await #expect(throws: MeshError.self) { try await client.echo() }
            #expect(error?.code == .internal)
            #expect(error?.message.contains("secret") == false)
        }
    }

    @Test("A message over the limit is refused on either side, and the connection lives on")
    func oversize() async throws {
        let method = MeshMethod(TestService.echo) { (note: Note, _) in
            note.text == "big" ? Note([UInt8](repeating: 1, count: 100_000)) : note
        }
        try await withServer(
            [method], configuration: .init(maximumMessageSize: 10_000), clientConfiguration: .init(maximumMessageSize: 12_000)
        ) { client, _, _ in
            for note in [Note([UInt8](repeating: 1, count: 20_000)), Note([UInt8](repeating: 1, count: 11_000)), Note("big")] {
                let error = await #expect(throws: MeshError.self) { let _: Note = try await client.call(TestService.echo, note) }
                #expect(error?.code == .resourceExhausted)
            }
            let answer2 = try await client.echo("small")
            #expect(answer2 == "small")
        }
    }

    @Test("Deadline, trace and metadata reach a nested call")
    func propagation() async throws {
        try await withServer([
            MeshMethod(TestService.echo) { (_: Note, context) in
                let id = context.metadata[CallContext.requestIDKey] ?? ""
                return Note("\(id) \(context.trace.traceID) \(context.trace.sampled) \(context.deadline.remaining < .seconds(16))")
            }
        ]) { inner, _, _ in
            let outerMethod = MeshMethod(TestService.once) { (_: Note, context) in
                #expect(CallContext.current?.method == "test.TestService/Once")
                return Note(try await inner.echo())
            }
            try await withServer([outerMethod]) { outer, _, _ in
                let trace = try #require(TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
                let context = CallContext(deadline: .after(.seconds(15)), trace: trace, metadata: [CallContext.requestIDKey: "r-1"])
                let reply: Note = try await outer.call(TestService.once, Note(), context: context)
                #expect(reply.text == "r-1 0af7651916cd43dd8448eb211c80319c true true")
            }
        }
    }

    @Test("Heavy calls over the bound are shed; light ones go on")
    func shedding() async throws {
        let gate = Gate()
        let method = MeshMethod(TestService.heavyEcho) { (note: Note, _) in
            await gate.pass()
            return note
        }
        try await withServer(
            [method, TestService.echoMethod], configuration: .init(heavyThreads: 1, maximumHeavyCalls: 2, maximumQueuedCalls: 0),
            clientConfiguration: .init(retries: .never)
        ) { client, _, _ in
            async let first = client.echo("1", TestService.heavyEcho)
            async let second = client.echo("2", TestService.heavyEcho)
            await gate.arrivals(2)
            let error = await #expect(throws: MeshError.self) { try await client.echo("3", TestService.heavyEcho) }
            #expect(error?.code == .resourceExhausted)
            let answer3 = try await client.echo("light")
            #expect(answer3 == "light")
            gate.open()
            let answer4 = try await [first, second]
            #expect(answer4 == ["1", "2"])
        }
    }

    @Test("Interceptors see and change the context on both sides, and observers count")
    func interceptors() async throws {
        final class Observer: MeshMetricsObserver {
            let client = Mutex<[String]>([])
            let server = Mutex<[String]>([])
            func clientCallEnded(
                _ method: MethodDescriptor, service: String, replica: String?, code: MeshError.Code?, duration: Duration, attempts: Int
            ) {
                self.client.withLock { $0.append("\(method.name) \(service) \(code?.description ?? "OK") \(attempts)") }
            }
            func serverCallEnded(_ method: MethodDescriptor?, code: MeshError.Code?, duration: Duration) {
                self.server.withLock { $0.append("\(method?.name ?? "?") \(code?.description ?? "OK")") }
            }
        }
        let observer = Observer()
        let serverInterceptor: MeshServerInterceptor = { _, context, next in
            if context.metadata["refuse"] != nil { throw MeshError(.permissionDenied) }
            var context = context
            context.metadata["server"] = "s"
            try await next(context)
        }
        let clientInterceptor: MeshClientInterceptor = { (_, context, next) async throws(MeshError) in
            var context = context
            context.metadata["client"] = "c"
            try await next(context)
        }
        let method = MeshMethod(TestService.echo) { (_: Note, context) in
            Note("\(context.metadata["client"] ?? "")\(context.metadata["server"] ?? "")")
        }
        try await withServer(
            [method], configuration: .init(interceptors: [serverInterceptor], observer: observer),
            clientConfiguration: .init(interceptors: [clientInterceptor], observer: observer)
        ) { client, _, _ in
            let answer5 = try await client.echo()
            #expect(answer5 == "cs")
            let context = CallContext(deadline: .after(.seconds(20)), metadata: ["refuse": "yes"])
            let error = await #expect(throws: MeshError.self) {
                let _: Note = try await client.call(TestService.echo, Note(), context: context)
            }
            #expect(error?.code == .permissionDenied)
        }
        #expect(observer.client.withLock { $0 } == ["Echo test OK 1", "Echo test PERMISSION_DENIED 1"])
        #expect(observer.server.withLock { $0 } == ["Echo OK", "Echo PERMISSION_DENIED"])
    }

    @Test("In a storm of cancellations no call is lost, and none gets another's cancellation")
    func cancelStorm() async throws {
        try await withServer([TestService.echoMethod]) { client, _, _ in
            let outcomes = await Storm.run(client, workers: 16, rounds: 200)
            #expect(outcomes.wrong == 0)
            #expect(outcomes.answered + outcomes.cancelled == 3200)
            #expect(outcomes.answered >= 1600)
            #expect(client.state.map(\.inFlight) == [0])
        }
    }
}
