import GatewayCore
import Mesh
import Synchronization
import Telemetry
import Testing

@Suite("Traces of requests")
struct TraceTests {
    private let recorder: TraceRecorder

    init() { self.recorder = TraceRecorder(sample: 0, slow: .seconds(3600), registry: MetricsRegistry()) }

    private static let path = "/api/v1/recommendations/users/1/recommendations"
    private static let trace = "0af7651916cd43dd8448eb211c80319c"

    private func spans() -> [SpanRecord]? { self.recorder.take(limit: 1)?.first?.spans }

    @Test("A request of a sampled trace is a span within the caller's, with a span for each stage")
    func stages() async throws {
        let harness = await Harness(people: 30, traces: self.recorder)
        _ = await harness.get(Self.path, headers: ["traceparent": "00-\(Self.trace)-b7ad6b7169203331-01", "X-Request-ID": "req-7"])
        let kept = try #require(self.recorder.take(limit: 1)?.first)
        #expect(kept.traceHigh == 0x0af7_6519_16cd_43dd && kept.traceLow == 0x8448_eb21_1c80_319c && kept.isSampled)
        let root = try #require(kept.spans.last)
        #expect(root.name == "GET /api/v1/recommendations/users/{user_id}/recommendations" && root.kind == .server)
        #expect(root.parent == 0xb7ad_6b71_6920_3331)
        #expect(root.attributes.contains(SpanAttribute("http.response.status_code", 200)))
        #expect(root.attributes.contains(SpanAttribute("duet.request_id", "req-7")))
        #expect(Set(kept.spans.dropLast().map(\.name)) == ["cache", "candidates", "outlook", "ranking", "gate", "encoding"])
        #expect(kept.spans.dropLast().allSatisfy { $0.parent == root.id && $0.start >= root.start && $0.end <= root.end })
        let call = try #require(harness.candidates.state.withLock { $0.calls.first })
        #expect(call.trace.span == root.id && call.trace.sampled)
    }

    @Test(
        "A traceparent that isn't one begins a trace that isn't sampled",
        arguments: [
            "", "00-\(trace)-b7ad6b7169203331", "ff-\(trace)-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-\(trace)-0000000000000000-01", "00-\(trace.uppercased())-b7ad6b7169203331-01", "00-\(trace)-b7ad6b7169203331-01-x",
        ])
    func malformed(header: String) async throws {
        let harness = await Harness(people: 3, traces: self.recorder)
        _ = await harness.get(Self.path, headers: ["traceparent": header])
        #expect(self.spans() == nil)
        let call = try #require(harness.candidates.state.withLock { $0.calls.first })
        #expect(!call.trace.sampled && call.trace.traceID != Self.trace)
    }

    @Test("The caller's word that a trace isn't sampled holds, whatever the share")
    func respected() async throws {
        let all = TraceRecorder(sample: 1, slow: .seconds(3600), registry: MetricsRegistry())
        let harness = await Harness(people: 3, traces: all)
        _ = await harness.get(Self.path, headers: ["traceparent": "00-\(Self.trace)-b7ad6b7169203331-00"])
        #expect(all.waiting == 0)
        _ = await harness.get(Self.path)
        #expect(try #require(all.take(limit: 1)?.first).isSampled)
    }

    @Test("A degraded list, a failure and a slow request are kept without being sampled, ordinary ones and refusals not")
    func tail() async throws {
        let harness = await Harness(people: 30, traces: self.recorder)
        _ = await harness.get(Self.path)
        _ = await harness.get("/api/v1/users/999")
        _ = await harness.get("/nowhere")
        #expect(self.spans() == nil)
        harness.ranking.fail(.unavailable)
        _ = await harness.get(Self.path + "?limit=7")
        let degraded = try #require(self.spans())
        #expect(degraded.last?.events.map(\.name) == ["degraded"])
        #expect(degraded.first { $0.name == "ranking" }?.failure != nil)
        #expect(degraded.last?.failure == nil)
        harness.candidates.fail(.unavailable)
        _ = await harness.get("/api/v1/recommendations/users/4/similar")
        let failed = try #require(self.spans()?.last)
        #expect(failed.failure == "503" && failed.name == "GET /api/v1/recommendations/users/{user_id}/similar")
        let impatient = TraceRecorder(sample: 0, slow: .zero, registry: MetricsRegistry())
        let slow = await Harness(people: 3, traces: impatient)
        _ = await slow.get("/api/v1/users/1")
        #expect(impatient.take(limit: 1)?.first?.isSampled == false)
    }
}
