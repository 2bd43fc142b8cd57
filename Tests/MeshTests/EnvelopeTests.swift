import Mesh
import Testing

@Suite("Envelope and metadata")
struct EnvelopeTests {
    private func bytes(_ envelope: Envelope) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: Envelope.size)
        unsafe bytes.withUnsafeMutableBytes { unsafe envelope.write(to: $0) }
        return bytes
    }

    private func read(_ bytes: [UInt8]) throws -> Envelope {
        try unsafe bytes.withUnsafeBytes { try unsafe Envelope(reading: $0) }
    }

    @Test("An envelope survives the round trip, in little-endian order")
    func roundTrip() throws {
        let envelope = Envelope(
            kind: .reply, flags: [.draining, .sampled], method: 0x0102_0304, instant: .max, traceHigh: 1, traceLow: 2, span: 3, status: 14,
            metadataCount: 0, load: 77)
        let bytes = self.bytes(envelope)
        #expect(try self.read(bytes) == envelope)
        #expect(Array(bytes[0..<8]) == [1, 2, 10, 0, 4, 3, 2, 1])
        #expect(!bytes.contains(0xEE))
    }

    @Test("Bytes that aren't an envelope are refused")
    func garbage() throws {
        let good = self.bytes(Envelope(kind: .call))
        #expect(throws: MeshError.self) { try self.read([]) }
        #expect(throws: MeshError.self) { try self.read(Array(good.dropLast())) }
        for (index, value) in [(0, 2), (1, 0), (1, 9), (42, 1)] {
            var bad = good
            bad[index] = UInt8(value)
            #expect(throws: MeshError.self) { try self.read(bad) }
        }
    }

    @Test("Metadata survives the round trip", arguments: [[:], ["a": ""], ["request-id": "r-1", "ü": "🎈", "": "x"]])
    func metadata(metadata: [String: String]) throws {
        let bytes = try Metadata.encode(metadata)
        #expect(try unsafe bytes.withUnsafeBytes { try unsafe Metadata.decode($0) } == metadata)
    }

    @Test("Metadata that is too long isn't sent")
    func tooLong() {
        let long = String(repeating: "x", count: 70_000)
        #expect(throws: MeshError.self) { try Metadata.encode(["a": long]) }
        #expect(throws: MeshError.self) { try Metadata.encode([String(long.prefix(256)): "a"]) }
        #expect(throws: MeshError.self) { try Metadata.encode(["a": String(long.prefix(40_000)), "b": String(long.prefix(40_000))]) }
    }

    @Test("Metadata that is cut short or isn't text is refused", arguments: [[1], [1, 97], [1, 97, 1, 0], [1, 0xFF, 0, 0], [200, 97, 0, 0]])
    func badMetadata(bytes: [UInt8]) {
        #expect(throws: MeshError.self) { try unsafe bytes.withUnsafeBytes { try unsafe Metadata.decode($0) } }
    }

    @Test("A directory entry survives the round trip; what isn't one is nil")
    func entry() {
        let entry = DirectoryEntry(service: "a\"b\\c\n", version: "1.0-ü", weight: 0.5, pid: 7, socket: "x.sock", started: 1_700_000_000)
        #expect(DirectoryEntry(json: Array(entry.json.utf8)) == entry)
        var shadow = entry
        shadow.shadowShare = 0.25
        #expect(DirectoryEntry(json: Array(shadow.json.utf8)) == shadow)
        let outside = entry.json.replacing("x.sock", with: "../x")
        let nobody = entry.json.replacing("\"pid\":7", with: "\"pid\":-7")
        for text in ["", "{", "{}", "[1]", #"{"service":1}"#, outside, nobody] {
            #expect(DirectoryEntry(json: Array(text.utf8)) == nil)
        }
    }
}
