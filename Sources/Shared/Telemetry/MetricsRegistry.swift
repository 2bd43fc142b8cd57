import Synchronization

/// The metrics of a process: named families, each with one series per set of labels.
///
/// Asking twice for the same name and labels gives the same handle. Handles are atomics: keep them, the registry's own lookup takes a lock.
/// Names follow Prometheus: `duet_<part>_<what>_<unit>`, counters end in `_total`, times are in seconds.
public final class MetricsRegistry: Sendable {
    /// The registry that the process's `/metrics` shows.
    public static let shared = MetricsRegistry()

    private let families = Mutex<[String: MetricFamily]>([:])

    public init() {}

    public func counter(_ name: String, _ help: String, labels: [(String, String)] = []) -> Counter {
        self.handle(name, help, .counter, labels, make: Counter.init) {
            if case .counter(let counter) = $0 { counter } else { nil }
        } wrap: {
            .counter($0)
        }
    }

    /// A counter whose value is read at each scrape; a later call with the same name and labels takes its place.
    public func counter(_ name: String, _ help: String, labels: [(String, String)] = [], value: @escaping @Sendable () -> Double) {
        self.replace(name, help, .counter, labels, with: .callback(value))
    }

    public func gauge(_ name: String, _ help: String, labels: [(String, String)] = []) -> Gauge {
        self.handle(name, help, .gauge, labels, make: Gauge.init) {
            if case .gauge(let gauge) = $0 { gauge } else { nil }
        } wrap: {
            .gauge($0)
        }
    }

    /// A gauge whose value is read at each scrape; a later call with the same name and labels takes its place.
    public func gauge(_ name: String, _ help: String, labels: [(String, String)] = [], value: @escaping @Sendable () -> Double) {
        self.replace(name, help, .gauge, labels, with: .callback(value))
    }

    /// - Parameter buckets: Upper bounds, ascending, at most ``Histogram/maximumBounds``, in the metric's unit. One set for a whole family.
    public func histogram(
        _ name: String, _ help: String, labels: [(String, String)] = [], buckets: [Double] = Histogram.latencyBounds
    ) -> Histogram {
        self.handle(name, help, .histogram, labels, make: { Histogram(bounds: buckets) }) {
            if case .histogram(let histogram) = $0 { histogram } else { nil }
        } wrap: {
            .histogram($0)
        }
    }

    /// Everything in Prometheus' text format 0.0.4, families and series in a stable order.
    public func prometheusText() -> String {
        // Callbacks run outside the lock: one of them may ask the registry for a handle.
        let families = self.families.withLock { Array($0.values) }
        var text = PrometheusText()
        for family in families.sorted(by: { $0.name < $1.name }) { text.append(family) }
        return text.text
    }

    private func handle<Handle>(
        _ name: String, _ help: String, _ kind: MetricKind, _ labels: [(String, String)],
        make: () -> Handle, unwrap: (MetricSeries) -> Handle?, wrap: (Handle) -> MetricSeries
    ) -> Handle {
        let labels = MetricLabels(labels)
        return self.families.withLock { families in
            var family = Self.family(name, help, kind, in: families)
            if let series = family.series[labels] {
                guard let handle = unwrap(series) else {
                    preconditionFailure("Metric \(name) is read by a callback: it has no handle.")
                }
                return handle
            }
            let handle = make()
            family.series[labels] = wrap(handle)
            families[name] = family
            return handle
        }
    }

    private func replace(_ name: String, _ help: String, _ kind: MetricKind, _ labels: [(String, String)], with series: MetricSeries) {
        let labels = MetricLabels(labels)
        self.families.withLock { families in
            var family = Self.family(name, help, kind, in: families)
            family.series[labels] = series
            families[name] = family
        }
    }

    private static func family(_ name: String, _ help: String, _ kind: MetricKind, in families: [String: MetricFamily]) -> MetricFamily {
        if let family = families[name] {
            precondition(family.kind == kind, "Metric \(name) is a \(family.kind), not a \(kind).")
            return family
        }
        precondition(PrometheusText.isName(name), "\(name) is no Prometheus metric name.")
        return MetricFamily(name: name, help: help, kind: kind, series: [:])
    }
}

enum MetricKind: String { case counter, gauge, histogram }

enum MetricSeries: Sendable {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)
    case callback(@Sendable () -> Double)
}

struct MetricFamily: Sendable {
    let name: String
    let help: String
    let kind: MetricKind
    var series: [MetricLabels: MetricSeries]
}

/// Label pairs in the order of their names.
struct MetricLabels: Hashable, Sendable {
    /// The pairs as they stand between the braces: `a="1",b="2"`.
    let text: String

    init(_ pairs: [(String, String)]) {
        for (name, _) in pairs { precondition(PrometheusText.isLabelName(name), "\(name) is no Prometheus label name.") }
        self.text = pairs.sorted { $0.0 < $1.0 }
            .map { "\($0.0)=\"\(PrometheusText.escaped($0.1, quotes: true))\"" }
            .joined(separator: ",")
    }
}
