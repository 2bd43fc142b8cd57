/// Numbers and times for people.
package enum Format {
    /// `12,345`.
    package static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return value < 0 ? "-" + result : result
    }

    package static func count(_ value: Double) -> String { self.count(Int(value.rounded())) }

    /// `1.50`, with as many decimals as asked for.
    package static func decimal(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "–" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((value.magnitude * scale).rounded())
        let whole = String(scaled / Int(scale))
        guard decimals > 0 else { return value < 0 ? "-" + whole : whole }
        let fraction = String(scaled % Int(scale))
        let padded = String(repeating: "0", count: decimals - fraction.count) + fraction
        return (value < 0 && scaled > 0 ? "-" : "") + whole + "." + padded
    }

    /// `850 ms`, `12.3 s`, `2:05 min`, `1:02:03 h`.
    package static func duration(_ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        if seconds < 1 { return "\(Int(seconds * 1000)) ms" }
        if seconds < 60 { return "\(self.decimal(seconds, 1)) s" }
        let whole = Int(seconds)
        if whole < 3600 { return "\(whole / 60):\(self.two(whole % 60)) min" }
        return "\(whole / 3600):\(self.two(whole / 60 % 60)):\(self.two(whole % 60)) h"
    }

    /// Columns as wide as their widest cell; numbers to the right where `right` says so.
    package static func table(_ rows: [[String]], right: Set<Int> = []) -> [String] {
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                let isLast = column == row.count - 1
                line += right.contains(column) ? padding + cell : isLast ? cell : cell + padding
                if !isLast { line += "  " }
            }
            return line
        }
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
