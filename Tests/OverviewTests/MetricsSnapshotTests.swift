import Overview
import Testing

@Suite("Reading metrics")
struct MetricsSnapshotTests {
    private static func snapshot(_ texts: String...) -> MetricsSnapshot {
        texts.reduce(into: MetricsSnapshot()) { $0.add($1) }
    }

    @Test("Series of several processes add up; labels narrow")
    func sums() {
        let snapshot = Self.snapshot(
            """
            # HELP requests_total Requests.
            # TYPE requests_total counter
            requests_total{route="/a",status="200"} 3
            requests_total{route="/a",status="500"} 1
            plain 1.5e3
            """, "requests_total{route=\"/a\",status=\"200\"} 4\nbroken\nbroken{ x\n")
        #expect(snapshot.sum("requests_total") == 8)
        #expect(snapshot.sum("requests_total", where: ["status": "200"]) == 7)
        #expect(snapshot.sums("requests_total", by: "status") == ["200": 7, "500": 1])
        #expect(snapshot.max("requests_total") == 4 && snapshot.min("requests_total") == 1)
        #expect(snapshot.sum("plain") == 1500)
        #expect(snapshot.sum("other") == nil && snapshot.sum("requests_total", where: ["status": "404"]) == nil)
    }

    @Test("A label's value may hold quotes, commas, braces and line ends")
    func escapes() {
        let snapshot = Self.snapshot(#"odd{a="x, \"y\"={}",b="1\n2\\"} 1"#)
        #expect(snapshot.sums("odd", by: "a") == [#"x, "y"={}"#: 1])
        #expect(snapshot.sums("odd", by: "b") == ["1\n2\\": 1])
    }

    @Test("Quantiles are linear inside a bucket, count what is new, and end at the highest finite bound")
    func quantiles() {
        func text(_ counts: Int...) -> String {
            zip(["0.1", "0.2", "+Inf"], counts).map { "t_bucket{le=\"\($0)\"} \($1)" }.joined(separator: "\n")
        }
        let earlier = Self.snapshot(text(100, 100, 100))
        let now = Self.snapshot(text(104, 108, 110))
        #expect(now.quantile(0.2, of: "t", since: earlier).map { abs($0 - 0.05) < 1e-9 } == true)
        #expect(now.quantile(0.6, of: "t", since: earlier).map { abs($0 - 0.15) < 1e-9 } == true)
        #expect(now.quantile(0.99, of: "t", since: earlier) == 0.2)
        #expect(now.quantile(0.5, of: "t").map { abs($0 - 0.1 * 55 / 104) < 1e-9 } == true)
        #expect(now.quantile(0.5, of: "t", since: now) == nil)
    }
}
