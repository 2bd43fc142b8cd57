/// Writes Prometheus' text exposition format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ""

    mutating func append(_ family: MetricFamily) {
        self.text += "# HELP \(family.name) \(Self.escaped(family.help, quotes: false))\n# TYPE \(family.name) \(family.kind.rawValue)\n"
        for (labels, series) in family.series.sorted(by: { $0.key.text < $1.key.text }) {
            switch series {
            case .counter(let counter): self.sample(family.name, labels.text, String(counter.value))
            case .gauge(let gauge): self.sample(family.name, labels.text, Self.number(gauge.value))
            case .callback(let value): self.sample(family.name, labels.text, Self.number(value()))
            case .histogram(let histogram): self.append(histogram.snapshot, family.name, labels.text)
            }
        }
    }

    private mutating func append(_ histogram: HistogramSnapshot, _ name: String, _ labels: String) {
        let prefix = labels.isEmpty ? "" : labels + ","
        var cumulated: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            cumulated += count
            let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
            self.sample("\(name)_bucket", "\(prefix)le=\"\(bound)\"", String(cumulated))
        }
        self.sample("\(name)_sum", labels, Self.number(histogram.sum))
        self.sample("\(name)_count", labels, String(cumulated))
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: String) {
        self.text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// A value as Prometheus reads it: whole numbers without a fraction, `+Inf`, `-Inf`, `NaN`.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    /// A help text or, with `quotes`, a label's value.
    static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\"") }) else {
            return text
        }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Whether `text` matches `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    static func isName(_ text: String) -> Bool {
        self.isLabelName(text.replacing(":", with: "_"))
    }

    /// Whether `text` matches `[a-zA-Z_][a-zA-Z0-9_]*`.
    static func isLabelName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "_")
        }
    }
}
