/// What processes showed at `/metrics` at one moment: series by family, summed over the processes added.
package struct MetricsSnapshot: Sendable, Hashable {
    private struct Series: Sendable, Hashable {
        var labels: [String: String]
        var value: Double
    }

    private var families: [String: [Series]] = [:]

    package init() {}

    /// Adds a process's text in Prometheus' format 0.0.4; lines that can't be read are passed over.
    package mutating func add(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...].replacing("Inf", with: "inf"))
            else { continue }
            self.add(value, to: line[..<space])
        }
    }

    /// Adds one series by its name with its labels, as it stands in the text.
    package mutating func add(_ value: Double, to series: Substring) {
        guard let brace = series.firstIndex(of: "{") else {
            self.families[String(series), default: []].append(Series(labels: [:], value: value))
            return
        }
        self.families[String(series[..<brace]), default: []].append(
            Series(labels: Self.labels(series[series.index(after: brace)...]), value: value))
    }

    /// The sum of a family's series that have all of `labels`; `nil` without any.
    package func sum(_ family: String, where labels: [String: String] = [:]) -> Double? {
        let values = self.matching(family, labels).map(\.value)
        return values.isEmpty ? nil : values.reduce(0, +)
    }

    package func max(_ family: String, where labels: [String: String] = [:]) -> Double? {
        self.matching(family, labels).map(\.value).max()
    }

    package func min(_ family: String, where labels: [String: String] = [:]) -> Double? {
        self.matching(family, labels).map(\.value).min()
    }

    /// Sums by the value of one label.
    package func sums(_ family: String, by label: String) -> [String: Double] {
        (self.families[family] ?? []).reduce(into: [:]) { sums, series in
            if let value = series.labels[label] { sums[value, default: 0] += series.value }
        }
    }

    /// Observations of a histogram up to each upper bound since `earlier`, ascending; all of them without it.
    package func buckets(
        _ family: String, where labels: [String: String] = [:], since earlier: MetricsSnapshot? = nil
    ) -> [(bound: Double, count: Double)] {
        var counts: [Double: Double] = [:]
        for (snapshot, sign) in [(self, 1.0), (earlier ?? MetricsSnapshot(), -1.0)] {
            for series in snapshot.matching(family + "_bucket", labels) {
                guard let text = series.labels["le"], let bound = Double(text.replacing("Inf", with: "inf")) else { continue }
                counts[bound, default: 0] += sign * series.value
            }
        }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The value below which `fraction` of the observations since `earlier` lie, linear inside its bucket as Prometheus'
    /// `histogram_quantile`; `nil` without observations.
    package func quantile(
        _ fraction: Double, of family: String, where labels: [String: String] = [:], since earlier: MetricsSnapshot? = nil
    ) -> Double? {
        let buckets = self.buckets(family, where: labels, since: earlier)
        guard let total = buckets.last?.count, total > 0 else { return nil }
        var low = (bound: 0.0, count: 0.0)
        for bucket in buckets {
            if bucket.count >= fraction * total, bucket.count > low.count {
                guard bucket.bound.isFinite else { return low.bound }
                return low.bound + (bucket.bound - low.bound) * (fraction * total - low.count) / (bucket.count - low.count)
            }
            low = bucket
        }
        return nil
    }

    private func matching(_ family: String, _ labels: [String: String]) -> [Series] {
        (self.families[family] ?? []).filter { series in labels.allSatisfy { series.labels[$0.key] == $0.value } }
    }

    /// Reads `a="1",b="2"}`. A value may hold escaped quotes, and commas.
    private static func labels(_ text: Substring) -> [String: String] {
        var result: [String: String] = [:]
        var rest = text
        while let equals = rest.firstIndex(of: "="), rest[equals...].dropFirst().first == "\"" {
            let name = rest[..<equals]
            rest = rest[equals...].dropFirst(2)
            var value = ""
            while let character = rest.popFirst(), character != "\"" {
                if character == "\\", let escaped = rest.popFirst() {
                    value.append(escaped == "n" ? "\n" : escaped)
                } else {
                    value.append(character)
                }
            }
            result[String(name)] = value
            if rest.first == "," { rest.removeFirst() }
        }
        return result
    }
}
