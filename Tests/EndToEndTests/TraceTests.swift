import Foundation
import Mesh
import MeshAPI
import Synchronization
import TestKit
import Testing

/// One request, followed through all processes by what they send to a receiver of traces.
@Suite("Traces end to end", .serialized)
struct TraceTests {
    private struct Span {
        var service: String
        var span: OtlpSpan

        var id: String { Self.text(self.span.spanID) }
        var parent: String { Self.text(self.span.parentSpanID) }
        static func text(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
    }

    private static let (trace, caller) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")

    /// Takes what comes until `condition` holds.
    private func spans(_ receiver: HTTPReceiver, until condition: ([Span]) -> Bool) throws -> [Span] {
        for _ in 0..<200 {
            let spans = try self.spans(receiver.bodies)
            if condition(spans) { return spans }
            receiver.takeOne(within: 500)
        }
        Issue.record("It didn't come.")
        return try self.spans(receiver.bodies)
    }

    /// Those of our trace.
    private func spans(_ bodies: [[UInt8]]) throws -> [Span] {
        try bodies.flatMap { try OtlpExport(bytes: $0).resourceSpans }.flatMap { resource in
            let service = resource.resource?.attributes.first { $0.key == "service.name" }?.value?.stringValue ?? ""
            return resource.scopeSpans.flatMap(\.spans).filter { Span.text($0.traceID) == Self.trace }.map { Span(service: service, span: $0) }
        }
    }

    @Test("One recommendation is one tree of spans of four processes, each within its parent")
    func tree() throws {
        let receiver = try HTTPReceiver()
        let duet = try Installation(
            people: 200, interactions: 3000, environment: ["TRACES_ENDPOINT": receiver.url, "TRACES_SAMPLE": "0", "REQUEST_BUDGET_MS": "5000"])
        let answer = try duet.client().request(
            "GET", "/api/v1/recommendations/users/1/recommendations", headers: ["traceparent": "00-\(Self.trace)-\(Self.caller)-01"])
        #expect(answer.status == 200)
        #expect((answer.object["degraded"] as? [Any])?.isEmpty == true)
        let all: Set = ["duet-gateway", "duet-candidate", "duet-ranking", "duet-feature"]
        let spans = try self.spans(receiver) { Set($0.map(\.service)) == all }
        let byID = Dictionary(spans.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        #expect(byID.count == spans.count, "Each identifier is given once.")

        let root = try #require(spans.first { $0.parent == Self.caller })
        #expect(root.service == "duet-gateway" && root.span.kind == .server)
        #expect(root.span.name == "GET /api/v1/recommendations/users/{user_id}/recommendations")
        for span in spans where span.id != root.id {
            guard let parent = byID[span.parent] else {
                Issue.record("\(span.span.name) of \(span.service) has no parent.")
                continue
            }
            #expect(
                parent.span.startTimeUnixNano <= span.span.startTimeUnixNano && span.span.endTimeUnixNano <= parent.span.endTimeUnixNano,
                "\(span.span.name) lies within \(parent.span.name)")
            #expect(span.span.kind != .server || parent.span.kind == .client && parent.span.name == span.span.name)
            #expect(span.span.kind == .server || parent.service == span.service)
        }
        func path(_ span: Span) -> [String] { byID[span.parent].map { path($0) + [span.span.name] } ?? [span.span.name] }
        let paths = Set(spans.map { path($0).dropFirst().joined(separator: " > ") })
        let generate = "candidates > duet.candidate.v1.CandidateService/Generate > duet.candidate.v1.CandidateService/Generate"
        let rank = "ranking > duet.ranking.v1.RankingService/Rank > duet.ranking.v1.RankingService/Rank"
        let features = "duet.feature.v1.FeatureService/GetFeatures"
        for expected in [
            "cache", generate, "\(generate) > source collaborative", "\(generate) > source popular", rank, "\(rank) > score",
            "cache > EVALSHA", "gate > SELECT", "encoding",
        ] {
            #expect(paths.contains(expected), "\(expected) is not among \(paths.sorted())")
        }
        // Fetched beside stage 1 by the gateway, or by stage 2 itself.
        #expect(paths.contains { $0.hasSuffix("\(features) > \(features)") }, "\(paths.sorted())")
        try self.checkWithPython(receiver.bodies)
        _ = try duet.duet(["down"])
    }

    /// Has OpenTelemetry's own messages read what came.
    private func checkWithPython(_ bodies: [[UInt8]]) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = FileManager.default.temporaryDirectory.appending(path: "duet-traces-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (index, body) in bodies.enumerated() { try Data(body).write(to: folder.appending(path: "\(index)")) }
        let process = Process()
        let tools = root.appending(path: ".build/trace-tools/bin/python3")
        process.executableURL = FileManager.default.isExecutableFile(atPath: tools.path) ? tools : URL(filePath: "/usr/bin/env")
        process.arguments =
            (process.executableURL == tools ? [] : ["python3"])
            + [root.appending(path: "dev/check_traces.py").path, folder.path, Self.trace, Self.caller]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        print("Traces read by OpenTelemetry's messages: \(output)", terminator: "")
        #expect([0, 77].contains(process.terminationStatus), "\(output)")
    }
}
