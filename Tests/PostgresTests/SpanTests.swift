import Postgres
import Telemetry
import TestKit
import Testing

@Suite("Spans of statements", .enabled(if: TemporaryPostgres.isAvailable))
struct SpanTests {
    @Test("Each statement has a span with its first word, and nothing of what it asks")
    func statements() async throws {
        let recorder = TraceRecorder(sample: 1, slow: .seconds(3600), registry: MetricsRegistry())
        let root = recorder.begin("request", traceHigh: 1, traceLow: 2, isSampled: true, parent: 0)
        try await withPool { pool in
            _ = try await pool.query("SELECT 'outside'")
            await TraceSpan.$current.withValue(root) {
                let error = await postgresError {
                    _ = try await pool.query("  select \("secret")::text")
                    try await pool.withTransaction { connection in
                        _ = try await connection.query("INSERT INTO nowhere VALUES (\("secret"))")
                    }
                }
                #expect(error?.sqlState == "42P01")
            }
        }
        recorder.finish(root)
        let spans = try #require(recorder.take(limit: 1)?.first).spans
        #expect(spans.map(\.name) == ["SELECT", "BEGIN", "INSERT", "request"])
        #expect(spans.map(\.failure) == [nil, nil, "42P01", nil])
        #expect(spans.dropLast().allSatisfy { $0.kind == .client && $0.parent == root.id })
        #expect(!"\(spans)".contains("secret"))
    }
}
