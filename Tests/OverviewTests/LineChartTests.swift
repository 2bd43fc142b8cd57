import Foundation
import Overview
import Testing

@Suite("A line chart")
struct LineChartTests {
    private static func chart(_ series: [LineChart.Series]) -> String {
        LineChart(title: "Recall & more <20>", xLabel: "length", yLabel: "recall", series: series).svg
    }

    /// Where the points of each line lie.
    private static func lines(_ svg: String) -> [[[Double]]] {
        svg.split(separator: "\n").filter { $0.hasPrefix("<polyline") }.map { line in
            let points = line.split(separator: "\"", omittingEmptySubsequences: false)[1]
            return points.split(separator: " ").map { $0.split(separator: ",").compactMap { Double($0) } }
        }
    }

    @Test("Has a line a series, inside the axes, higher values further up")
    func lines() throws {
        let svg = Self.chart([.init("a", [(1, 0.1), (10, 0.2), (20, 0.42)]), .init("b", [(1, 0.05), (20, 0.1)])])
        let lines = Self.lines(svg)
        #expect(lines.map(\.count) == [3, 2])
        let first = try #require(lines.first)
        #expect(first[0][0] < first[1][0] && first[1][0] < first[2][0])
        #expect(first[0][1] > first[1][1] && first[1][1] > first[2][1])
        for point in lines.joined() {
            #expect((64...472).contains(point[0]))
            #expect((40...348).contains(point[1]))
        }
    }

    @Test("Text is escaped, and the document is well formed", arguments: [0, 1, 3])
    func wellFormed(count: Int) {
        let svg = Self.chart((0..<count).map { .init("\"\($0)\"", [(0, 0), (1, .nan), (Double($0), 1e-9)]) })
        #expect(svg.contains("Recall &amp; more &lt;20&gt;"))
        #expect(!svg.contains("nan"))
        var open = 0
        for tag in svg.split(separator: "<").dropFirst(0) where !tag.isEmpty {
            let tag = String(tag).split(separator: ">")[0]
            if tag.hasPrefix("/") { open -= 1 } else if !tag.hasSuffix("/") { open += 1 }
        }
        #expect(open == 0)
    }

    @Test("A single value has a place")
    func single() {
        let points = Self.lines(Self.chart([.init("a", [(5, 0)])])).joined()
        #expect(points.count == 1)
    }
}
