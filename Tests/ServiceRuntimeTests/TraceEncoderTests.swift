import Mesh
import MeshAPI
import ServiceRuntime
import Telemetry
import Testing

@Suite struct TraceEncoderTests {
    private func bytes() throws -> [UInt8] {
        let recorder = TraceRecorder(sample: 1, slow: .seconds(9), registry: MetricsRegistry())
        let root = recorder.begin("GET /", traceHigh: 0x0102_0304_0506_0708, traceLow: 0x090A, isSampled: true, id: 0xFF, parent: 0)
        root.set(
            SpanAttribute("text", "ä"), SpanAttribute("integer", -1), SpanAttribute("number", .number(0.5)), SpanAttribute("truth", .truth(false)))
        root.event("retried", SpanAttribute("n", 2))
        let child = root.child("call", .client)
        child.fail("not found")
        child.end()
        recorder.finish(root)
        let encoder = TraceEncoder(service: "gateway", replica: "gateway-1", version: "1", environment: "test")
        return try encoder.message(of: try #require(recorder.take(limit: 9))).packed()
    }

    @Test("What is sent can be read back whole")
    func roundTrip() throws {
        let export = try OtlpExport(bytes: self.bytes())
        let resource = try #require(export.resourceSpans.first)
        let names = Dictionary(
            uniqueKeysWithValues: (resource.resource?.attributes ?? []).map { ($0.key, $0.value?.stringValue ?? "") })
        #expect(names["service.name"] == "duet-gateway" && names["service.instance.id"] == "gateway-1")
        let spans = try #require(resource.scopeSpans.first?.spans)
        #expect(spans.map(\.name) == ["call", "GET /"])
        let (call, root) = (spans[0], spans[1])
        #expect(root.traceID == [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 9, 10])
        #expect(root.spanID == [0, 0, 0, 0, 0, 0, 0, 0xFF] && root.parentSpanID.isEmpty)
        #expect(root.kind == .server && call.kind == .client && root.flags == 1)
        #expect(call.traceID == root.traceID && call.parentSpanID == root.spanID && call.spanID.count == 8)
        #expect(call.status == OtlpStatus(message: "not found", code: .error) && root.status == nil)
        #expect(root.startTimeUnixNano <= call.startTimeUnixNano && call.endTimeUnixNano <= root.endTimeUnixNano)
        #expect(
            root.attributes.map(\.value) == [
                OtlpValue(stringValue: "ä"), OtlpValue(intValue: -1), OtlpValue(doubleValue: 0.5), OtlpValue(boolValue: false),
            ])
        #expect(root.events.map(\.name) == ["retried"])
    }

    @Test("Fields have the numbers and wire types of the specification")
    func wire() throws {
        // ResourceSpans(1) > ScopeSpans(2) > Span(2): tags of the first span, in order.
        let resource = try #require(Self.fields(try self.bytes()).first { $0.tag == 0x0A }?.body)
        let scope = try #require(Self.fields(resource).first { $0.tag == 0x12 }?.body)
        let spans = Self.fields(scope).filter { $0.tag == 0x12 }
        #expect(Self.fields(spans[0].body).map(\.tag) == [0x0A, 0x12, 0x22, 0x2A, 0x30, 0x39, 0x41, 0x7A, 0x85])
        #expect(Self.fields(spans[1].body).map(\.tag) == [0x0A, 0x12, 0x2A, 0x30, 0x39, 0x41, 0x4A, 0x4A, 0x4A, 0x4A, 0x5A, 0x85])
    }

    /// The fields of a message, each with the first byte of its tag and what it holds where that has a length.
    private static func fields(_ bytes: [UInt8]) -> [(tag: UInt8, body: [UInt8])] {
        var fields: [(tag: UInt8, body: [UInt8])] = []
        var index = 0
        func varint() -> Int {
            var (value, shift) = (0, 0)
            while index < bytes.count {
                let byte = bytes[index]
                index += 1
                value |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        while index < bytes.count {
            let first = bytes[index]
            let tag = varint()
            let count =
                switch tag & 7 {
                case 2: varint()
                case 1: 8
                case 5: 4
                default: 0
                }
            if tag & 7 == 0 { _ = varint() }
            fields.append((first, Array(bytes[index..<min(bytes.count, index + count)])))
            index += count
        }
        return fields
    }
}
