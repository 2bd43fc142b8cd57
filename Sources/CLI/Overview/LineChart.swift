/// Lines over a plane, as an SVG document that any browser shows.
package struct LineChart {
    package struct Series {
        package var name: String
        package var points: [(x: Double, y: Double)]

        package init(_ name: String, _ points: [(x: Double, y: Double)]) {
            self.name = name
            self.points = points
        }
    }

    package var title: String
    package var xLabel: String
    package var yLabel: String
    package var series: [Series]

    package init(title: String, xLabel: String, yLabel: String, series: [Series]) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
    }

    // The palette of Okabe & Ito, which people who confuse colours can tell apart.
    private static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    private static let size = (width: 640.0, height: 400.0)
    private static let margin = (left: 64.0, right: 168.0, top: 40.0, bottom: 52.0)

    package var svg: String {
        let points = self.series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
        let xs = Self.ticks(points.map(\.x).min() ?? 0, points.map(\.x).max() ?? 1)
        let ys = Self.ticks(min(0, points.map(\.y).min() ?? 0), points.map(\.y).max() ?? 1)
        let (width, height) = (Self.size.width, Self.size.height)
        let (left, right) = (Self.margin.left, width - Self.margin.right)
        let (top, bottom) = (Self.margin.top, height - Self.margin.bottom)
        func x(_ value: Double) -> String { Format.decimal(left + (value - xs.low) / (xs.high - xs.low) * (right - left), 1) }
        func y(_ value: Double) -> String { Format.decimal(bottom - (value - ys.low) / (ys.high - ys.low) * (bottom - top), 1) }
        var lines = [
            #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(Int(width)) \#(Int(height))" font-family="sans-serif" font-size="12">"#,
            #"<title>\#(Self.escaped(self.title))</title>"#, #"<rect width="100%" height="100%" fill="white"/>"#,
            #"<text x="\#(Int(left))" y="24" font-size="15">\#(Self.escaped(self.title))</text>"#,
        ]
        for tick in xs.ticks {
            lines.append(#"<line x1="\#(x(tick))" x2="\#(x(tick))" y1="\#(Int(top))" y2="\#(Int(bottom))" stroke="gainsboro"/>"#)
            lines.append(#"<text x="\#(x(tick))" y="\#(Int(bottom) + 16)" text-anchor="middle">\#(Self.label(tick, xs.step))</text>"#)
        }
        for tick in ys.ticks {
            lines.append(#"<line x1="\#(Int(left))" x2="\#(Int(right))" y1="\#(y(tick))" y2="\#(y(tick))" stroke="gainsboro"/>"#)
            lines.append(#"<text x="\#(Int(left) - 6)" y="\#(y(tick))" dy="4" text-anchor="end">\#(Self.label(tick, ys.step))</text>"#)
        }
        let middle = (x: Int((left + right) / 2), y: Int((top + bottom) / 2))
        lines.append(#"<text x="\#(middle.x)" y="\#(Int(bottom) + 38)" text-anchor="middle">\#(Self.escaped(self.xLabel))</text>"#)
        lines.append(
            #"<text transform="translate(16 \#(middle.y)) rotate(-90)" text-anchor="middle">\#(Self.escaped(self.yLabel))</text>"#)
        for (index, series) in self.series.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            let path = series.points.filter { $0.x.isFinite && $0.y.isFinite }.map { "\(x($0.x)),\(y($0.y))" }.joined(separator: " ")
            lines.append(#"<polyline points="\#(path)" fill="none" stroke="\#(colour)" stroke-width="2"/>"#)
            let height = Int(top) + 16 + 18 * index
            lines.append(
                #"<line x1="\#(Int(right) + 12)" x2="\#(Int(right) + 32)" y1="\#(height - 4)" y2="\#(height - 4)" stroke="\#(colour)" stroke-width="2"/>"#
            )
            lines.append(#"<text x="\#(Int(right) + 38)" y="\#(height)">\#(Self.escaped(series.name))</text>"#)
        }
        lines.append("</svg>\n")
        return lines.joined(separator: "\n")
    }

    /// Round numbers from at most `low` to at least `high`, about five steps.
    private static func ticks(_ low: Double, _ high: Double) -> (low: Double, high: Double, step: Double, ticks: [Double]) {
        let span = high > low ? high - low : max(abs(high), 1)
        var step = 1.0
        while step < span / 5 { step *= 10 }
        while step > span / 5 { step /= 10 }
        step *= [1, 2, 5, 10].first { span / (step * $0) <= 6 } ?? 10
        let first = (low / step).rounded(.down)
        let last = max(first + 1, (high / step).rounded(.up))
        return (first * step, last * step, step, (0...Int(last - first)).map { (first + Double($0)) * step })
    }

    private static func label(_ value: Double, _ step: Double) -> String {
        var decimals = 0
        var scaled = step
        while scaled < 0.999, decimals < 6 {
            scaled *= 10
            decimals += 1
        }
        return Format.decimal(value, decimals)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
