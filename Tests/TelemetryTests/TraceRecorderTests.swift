import Telemetry
import Testing

@Suite("Traces") struct TraceRecorderTests {
    private let registry = MetricsRegistry()

    private func recorder(sample: Double = 0, slow: Duration = .seconds(3600), capacity: Int = 8192) -> TraceRecorder {
        TraceRecorder(sample: sample, slow: slow, capacity: capacity, registry: self.registry)
    }

    private func request(_ recorder: TraceRecorder, sampled: Bool = false) -> TraceSpan {
        recorder.begin("GET", traceHigh: 1, traceLow: 2, isSampled: sampled, id: 3, parent: 4)
    }

    private func value(_ name: String) -> Double? {
        self.registry.prometheusText().split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
    }

    @Test("Spans form a tree: each knows the one within which it was begun")
    func tree() async throws {
        let recorder = self.recorder()
        let root = self.request(recorder, sampled: true)
        await TraceSpan.$current.withValue(root) {
            await TraceSpan.within("outer") {
                TraceSpan.current?.event("noted", SpanAttribute("n", 1))
                TraceSpan.current?.add("leaf", .client, from: TraceClock.now, [SpanAttribute("a", "b")])
                await TraceSpan.within("inner") {}
            }
        }
        recorder.finish(root) { $0.name = "GET /" }
        let trace = try #require(recorder.take(limit: 100)?.first)
        #expect([trace.traceHigh, trace.traceLow] == [1, 2])
        #expect(trace.isSampled)
        #expect(trace.spans.map(\.name) == ["leaf", "inner", "outer", "GET /"])
        let spans = Dictionary(uniqueKeysWithValues: trace.spans.map { ($0.name, $0) })
        let outer = try #require(spans["outer"])
        #expect(spans["GET /"]?.id == 3 && spans["GET /"]?.parent == 4 && spans["GET /"]?.kind == .server)
        #expect(outer.parent == 3)
        #expect(spans["leaf"]?.parent == outer.id && spans["inner"]?.parent == outer.id)
        #expect(spans["leaf"]?.attributes == [SpanAttribute("a", "b")])
        #expect(outer.events.map(\.name) == ["noted"])
        #expect(Set(trace.spans.map(\.id)).count == 4)
        for span in trace.spans { #expect(span.start <= span.end) }
    }

    @Test("What isn't recorded costs nothing and changes nothing: bodies run, spans are nobody's")
    func unrecorded() async {
        #expect(TraceSpan.current == nil)
        #expect(await TraceSpan.within("x") { TraceSpan.current == nil })
    }

    @Test("An error that leaves a span is noted by its type alone")
    func failure() async throws {
        struct Secret: Error { var text = "name@example.org" }
        let recorder = self.recorder()
        let root = self.request(recorder, sampled: true)
        await #expect(throws: Secret.self) {
            try await TraceSpan.$current.withValue(root) { try await TraceSpan.within("gate") { throw Secret() } }
        }
        recorder.finish(root)
        #expect(recorder.take(limit: 9)?.first?.spans.first?.failure == "Secret")
    }

    @Test("Kept are the sampled, the slow, the failed and the wanted")
    func decision() {
        let recorder = self.recorder()
        recorder.finish(self.request(recorder)) { _ in Issue.record("Nobody describes what isn't kept.") }
        #expect(recorder.waiting == 0)
        recorder.finish(self.request(recorder, sampled: true))
        #expect(recorder.waiting == 1)
        recorder.finish(self.request(recorder), failure: "503")
        #expect(recorder.waiting == 2)
        let degraded = self.request(recorder)
        degraded.child("stage").keep()
        recorder.finish(degraded)
        #expect(recorder.waiting == 3)
        let impatient = self.recorder(slow: .zero)
        impatient.finish(self.request(impatient))
        #expect(impatient.waiting == 1)
    }

    @Test("The head samples the share that it is told to", arguments: [0, 0.01, 0.5, 1])
    func sampling(share: Double) {
        let recorder = self.recorder(sample: share)
        let step = UInt64.max / 10_000
        let sampled = (0..<10_000).count { recorder.samples(UInt64($0) * step) }
        #expect(abs(Double(sampled) - share * 10_000) <= 1)
        #expect(recorder.samples(.max) == (share == 1))
    }

    @Test("A request has so many spans and no more; what comes after its end is left out")
    func limits() throws {
        let recorder = self.recorder()
        let root = self.request(recorder, sampled: true)
        for _ in 0..<TraceRecording.limit + 7 { root.add("x", from: TraceClock.now) }
        recorder.finish(root)
        root.add("late", from: TraceClock.now)
        let trace = try #require(recorder.take(limit: 1)?.first)
        #expect(trace.spans.count == TraceRecording.limit + 1)
        #expect(!trace.spans.contains { $0.name == "late" })
        #expect(self.value("duet_traces_dropped_total") == 7)
    }

    @Test("The queue is bounded, and what doesn't fit is counted")
    func bounded() {
        let recorder = self.recorder(capacity: 3)
        for _ in 0..<5 { recorder.finish(self.request(recorder, sampled: true)) }
        #expect(recorder.waiting == 3)
        #expect(self.value("duet_traces_dropped_total") == 2)
        #expect(recorder.take(limit: 2)?.count == 2)
        #expect(recorder.take(limit: 2)?.count == 1)
        #expect(recorder.take(limit: 2) == nil)
    }
}
