import Mesh
import MeshAPI
import Testing

@Suite("Generated messages")
struct MessageTests {
    static let rank = RankRequest(
        userID: .max, candidateIDs: [1, .max, 3], candidateScores: [0.5, -1, .infinity], limit: 7, explain: true, modelVersion: "v-1",
        context: RequestContext(requestedAt: -5, device: "mobile"))
    static let generate = GenerateResponse(
        userIDs: Array(1...300), scores: (0..<300).map { Float($0) / 3 }, sources: [UInt32](repeating: 5, count: 300), modelVersion: "m",
        position: 9,
        reports: [SourceReport(source: .nearby, proposed: 3), SourceReport(), SourceReport(source: .exploration, microseconds: 1)])

    private func expectRoundTrip<M: MeshMessage>(_ message: M) throws {
        let bytes = try message.packed()
        #expect(try bytes.count == message.packedSize)
        #expect(try M(bytes: bytes) == message)
    }

    @Test("Every kind of field survives the round trip")
    func roundTrip() throws {
        try self.expectRoundTrip(Self.rank)
        try self.expectRoundTrip(Self.generate)
        try self.expectRoundTrip(
            GenerateRequest(
                userID: 1, limit: 20, excludeSeen: true,
                filter: Filter(minAge: 0, maxAge: 99, gender: "female", maxDistanceKm: 0, interest: "Žižkov 🎈"), exclude: [4, 5]))
        try self.expectRoundTrip(
            RankResponse(
                userIDs: [1], scores: [0.25], matchScores: [1e-300], featureNames: ["age", "", "naïve 🎈"], intercept: -0.5,
                contributions: [1, 2, 3], unknown: 2))
        try self.expectRoundTrip(
            CheckResponse(
                status: .draining, service: "ranking", version: "1", pid: 3, inFlight: 4,
                dependencies: [Dependency(name: "redis", healthy: false, detail: "gone"), Dependency()]))
        try self.expectRoundTrip(ListModelsResponse(models: [Model(version: "a", active: true, createdAt: .min, schemaVersion: 1)]))
    }

    @Test("Empty messages take no bytes")
    func empty() throws {
        #expect(try CheckRequest().packed() == [])
        #expect(try RankRequest().packed() == [])
        #expect(try RankRequest(bytes: []) == RankRequest())
    }

    @Test("An optional field tells absence from zero")
    func presence() throws {
        #expect(try Filter(bytes: Filter(minAge: 0).packed()).minAge == 0)
        #expect(try Filter(bytes: Filter().packed()).minAge == nil)
    }

    @Test("Text may hold U+0000, and isn't cut there")
    func zeroInText() throws {
        try self.expectRoundTrip(Filter(location: "a\u{0}b"))
    }

    @Test("A number without a name survives")
    func unknownEnumeration() throws {
        try self.expectRoundTrip(SourceReport(source: Source(rawValue: 77)))
        try self.expectRoundTrip(SourceReport(source: Source(rawValue: -1)))
    }

    @Test("Large arrays survive, and are packed in place")
    func large() throws {
        let features = GetFeaturesResponse(schemaVersion: 1, embeddingVersion: "v1", rows: Array(0..<128_000))
        try self.expectRoundTrip(features)
        var small = [UInt8](repeating: 0, count: 10)
        let error = #expect(throws: MeshError.self) { try unsafe small.withUnsafeMutableBytes { try unsafe features.pack(into: $0) } }
        #expect(error?.code == .resourceExhausted)
    }

    @Test("The wire form is protobuf's")
    func wireForm() throws {
        // Field 1 fixed64 (9), field 2 varint (16), field 3 varint (24), field 5 packed fixed64 (42).
        let bytes = try GenerateRequest(userID: 1, limit: 300, excludeSeen: true, exclude: [2]).packed()
        #expect(bytes == [9, 1, 0, 0, 0, 0, 0, 0, 0, 16, 0xAC, 2, 24, 1, 42, 8, 2, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test("Fields of a newer peer are skipped")
    func unknownFields() throws {
        let bytes = try SimilarRequest(userID: 5, limit: 6).packed() + [0xF8, 0x7F, 1, 0xFA, 0x7F, 2, 65, 66]
        #expect(try SimilarRequest(bytes: bytes) == SimilarRequest(userID: 5, limit: 6))
    }

    @Test("Text that isn't UTF-8 is an invalid argument")
    func invalidText() throws {
        let error = #expect(throws: MeshError.self) { try Filter(bytes: [26, 2, 0xC3, 0x28]) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("A message that unfolds to far more memory than it has bytes is refused")
    func unfolding() throws {
        // A million empty reports: two bytes each on the wire, a struct and a pointer each in memory.
        let bytes = [[UInt8]](repeating: [50, 0], count: 1_000_000).flatMap { $0 }
        let error = #expect(throws: MeshError.self) { try GenerateResponse(bytes: bytes) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("Bytes cut short or changed at random never crash, and fail as invalid arguments only")
    func fuzz() throws {
        var generator = Generator(state: 42)
        let health = CheckResponse(service: "x", dependencies: [.init(name: "y")])
        let seeds = [try Self.rank.packed(), try Self.generate.packed(), try health.packed()]
        var failures = 0
        func attempt<M: MeshMessage>(_ type: M.Type, _ bytes: [UInt8]) {
            do {
                _ = try M(bytes: bytes)
            } catch {
                #expect(error.code == .invalidArgument)
                failures += 1
            }
        }
        for seed in seeds {
            for round in 0..<2_000 {
                var bytes = seed
                if round % 3 == 0 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
                for _ in 0..<Int.random(in: 0...8, using: &generator) where !bytes.isEmpty {
                    let index = Int.random(in: 0..<min(bytes.count, 64 + bytes.count / 4), using: &generator)
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: bytes[index] = .random(in: 0...255, using: &generator)
                    case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                    default: bytes.insert(0xFF, at: index)
                    }
                }
                attempt(RankRequest.self, bytes)
                attempt(GenerateResponse.self, bytes)
                attempt(CheckResponse.self, bytes)
                attempt(GenerateRequest.self, bytes)
            }
        }
        #expect(failures > 100)
    }
}
