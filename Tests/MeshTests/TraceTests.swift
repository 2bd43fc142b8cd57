import Mesh
import Telemetry
import Testing

@Suite("Spans of calls", .timeLimit(.minutes(1)))
struct TraceTests {
    private func recorder() -> TraceRecorder { TraceRecorder(sample: 0, slow: .seconds(3600), registry: MetricsRegistry()) }

    /// Runs `body` in a request whose spans are recorded.
    private func recorded(
        by recorder: TraceRecorder, sampled: Bool, _ body: (CallContext) async throws -> Void
    ) async throws -> [SpanRecord] {
        let trace = TraceContext.random(sampled: sampled)
        let root = recorder.begin(
            "request", traceHigh: trace.traceHigh, traceLow: trace.traceLow, isSampled: sampled, id: trace.span, parent: 0)
        root.keep()
        try await TraceSpan.$current.withValue(root) { try await body(CallContext(deadline: .after(.seconds(20)), trace: trace)) }
        recorder.finish(root)
        return try #require(recorder.take(limit: 1)?.first).spans
    }

    private func text(_ client: MeshClient, _ context: CallContext, _ method: MethodDescriptor = TestService.echo) async throws -> String {
        let reply: Note = try await client.call(method, Note("x"), context: context)
        return reply.text
    }

    @Test("A call has a span on either side, the server's within the client's, and what its handler does within that")
    func sides() async throws {
        let (caller, callee) = (self.recorder(), self.recorder())
        let method = MeshMethod(TestService.echo) { (note: Note, _) in
            await TraceSpan.within("work") {}
            return note
        }
        let atOnce = MeshMethod(
            TestService.once,
            atOnce: { (note: Note, _) in
                TraceSpan.current?.add("quick", from: TraceClock.now)
                return note
            })
        try await withServer([method, atOnce], configuration: .init(traces: callee)) { client, _, _ in
            let spans = try await self.recorded(by: caller, sampled: true) { context in
                _ = try await self.text(client, context)
                _ = try await self.text(client, context, TestService.once)
            }
            #expect(spans.map(\.name) == ["test.TestService/Echo", "test.TestService/Once", "request"])
            let call = spans[0]
            #expect(call.kind == .client && call.parent == spans[2].id && call.failure == nil)
            #expect(call.attributes.contains(SpanAttribute("duet.attempts", 1)))
            let served = try #require(callee.take(limit: 1)?.first).spans
            #expect(served.map(\.name) == ["work", "test.TestService/Echo"])
            #expect(served[1].kind == .server && served[1].parent == call.id && served[0].parent == served[1].id)
            #expect(call.start <= served[1].start && served[1].end <= call.end)
            #expect(try #require(callee.take(limit: 1)?.first).spans.map(\.name) == ["quick", "test.TestService/Once"])
        }
    }

    @Test("A server records nothing of a trace that isn't sampled, nor does a client outside of a request")
    func unsampled() async throws {
        let (caller, callee) = (self.recorder(), self.recorder())
        try await withServer([TestService.echoMethod], configuration: .init(traces: callee)) { client, _, _ in
            let spans = try await self.recorded(by: caller, sampled: false) { _ = try await self.text(client, $0) }
            #expect(spans.count == 2)
            _ = try await client.echo()
            #expect(callee.waiting == 0)
            // Of another trace than the request's: not its span.
            let others = try await self.recorded(by: caller, sampled: false) { _ in _ = try await client.echo() }
            #expect(others.map(\.name) == ["request"])
        }
    }

    @Test("A failure is the span's on either side")
    func failure() async throws {
        let (caller, callee) = (self.recorder(), self.recorder())
        let method = MeshMethod(TestService.echo) { (_: Note, _) -> Note in throw MeshError(.notFound, "private words") }
        try await withServer([method], configuration: .init(traces: callee)) { client, _, _ in
            let spans = try await self.recorded(by: caller, sampled: true) { context in
                await #expect(throws: MeshError.self) { try await self.text(client, context) }
            }
            #expect(spans[0].failure == "\(MeshError.Code.notFound)")
            #expect(callee.take(limit: 1)?.first?.spans.last?.failure == "\(MeshError.Code.notFound)")
        }
    }

    @Test("A call that is shed says so on the server's span, and its retry is noted on the client's")
    func shed() async throws {
        let gate = Gate()
        let (caller, callee) = (self.recorder(), self.recorder())
        let held = MeshMethod(TestService.heavyEcho) { (_: Note, _) in
            await gate.pass()
            return Note("a")
        }
        let full = MeshServerConfiguration(maximumHeavyCalls: 1, maximumQueuedCalls: 0, traces: callee)
        let free = [TestService.named("b", TestService.heavyEcho)]
        try await withReplicas([([held], full), (free, .init())], client: .init(retries: .init(baseDelay: .zero))) { client, _ in
            let key = try await client.key(of: 0)
            let first = Task { try await client.echo("", TestService.heavyEcho, shard: key) }
            await gate.arrivals(1)
            let spans = try await self.recorded(by: caller, sampled: true) { context in
                let reply: Note = try await client.call(TestService.heavyEcho, Note("x"), shard: key, context: context)
                #expect(reply.text == "b")
            }
            #expect(spans[0].events.map(\.name) == ["retried"])
            #expect(spans[0].attributes.contains(SpanAttribute("duet.attempts", 2)))
            let refused = try #require(callee.take(limit: 1)?.first).spans
            #expect(refused.map(\.name) == ["test.TestService/HeavyEcho"])
            #expect(refused[0].failure == "\(MeshError.Code.resourceExhausted)")
            #expect(refused[0].events.map(\.name) == ["shed"])
            gate.open()
            _ = try await first.value
        }
    }
}
