import Mesh
import Testing

@Suite("Trace context")
struct TraceContextTests {
    @Test("A valid header is read and written back")
    func roundTrip() throws {
        let header = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
        let trace = try #require(TraceContext(traceparent: header))
        #expect(trace.traceparent == header)
        #expect(trace.sampled)
        #expect(trace.child().traceID == trace.traceID)
        #expect(trace.child().span != trace.span)
    }

    @Test(
        "An invalid header is no trace",
        arguments: [
            "", "00", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7",
            "ff-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-+af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-x",
        ])
    func invalid(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test("A later version may say more")
    func laterVersion() {
        #expect(TraceContext(traceparent: "01-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-more") != nil)
    }
}
