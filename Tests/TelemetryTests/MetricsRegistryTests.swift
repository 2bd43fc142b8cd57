import Telemetry
import Testing

@Suite struct MetricsRegistryTests {
    @Test("The exposition has help, type, sorted families and escaped labels")
    func exposition() {
        let registry = MetricsRegistry()
        registry.counter("duet_b_total", "Second \\ family\nof two.", labels: [("path", "a\"b\\c\nd"), ("code", "200")]).increment(by: 3)
        registry.gauge("duet_a", "First.").set(2.5)
        registry.gauge("duet_c", "Read at the scrape.") { 7 }
        #expect(
            registry.prometheusText() == """
                # HELP duet_a First.
                # TYPE duet_a gauge
                duet_a 2.5
                # HELP duet_b_total Second \\\\ family\\nof two.
                # TYPE duet_b_total counter
                duet_b_total{code="200",path="a\\"b\\\\c\\nd"} 3
                # HELP duet_c Read at the scrape.
                # TYPE duet_c gauge
                duet_c 7

                """)
    }

    @Test("A histogram's buckets are cumulated, bounds inclusive")
    func histogram() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("duet_seconds", "Times.", labels: [("hop", "x")], buckets: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 3] { histogram.observe(value) }
        #expect(
            registry.prometheusText() == """
                # HELP duet_seconds Times.
                # TYPE duet_seconds histogram
                duet_seconds_bucket{hop="x",le="0.1"} 2
                duet_seconds_bucket{hop="x",le="1"} 3
                duet_seconds_bucket{hop="x",le="+Inf"} 4
                duet_seconds_sum{hop="x"} 3.65
                duet_seconds_count{hop="x"} 4

                """)
    }

    @Test("The same name and labels give the same handle, whatever the labels' order")
    func sameHandle() {
        let registry = MetricsRegistry()
        let first = registry.counter("duet_x_total", "X.", labels: [("a", "1"), ("b", "2")])
        let second = registry.counter("duet_x_total", "X.", labels: [("b", "2"), ("a", "1")])
        first.increment()
        #expect(first === second)
        #expect(second.value == 1)
        #expect(registry.counter("duet_x_total", "X.", labels: [("a", "1")]).value == 0)
    }

    @Test("Increments from many tasks are all counted")
    func concurrentIncrements() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("duet_n_total", "N.")
        let gauge = registry.gauge("duet_n", "N.")
        let histogram = registry.histogram("duet_n_seconds", "N.", buckets: [1])
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        gauge.add(0.5)
                        histogram.observe(0.25)
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(gauge.value == 4000)
        #expect(histogram.snapshot == HistogramSnapshot(bounds: [1], counts: [8000, 0], sum: 2000))
    }

    @Test("A quantile is linear inside its bucket", arguments: [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.75, 2.0), (1.0, 3.0)])
    func quantile(fraction: Double, expected: Double) {
        let snapshot = HistogramSnapshot(bounds: [1, 3], counts: [2, 2, 0], sum: 0)
        #expect(snapshot.quantile(fraction) == expected)
        #expect(HistogramSnapshot(bounds: [1], counts: [0, 0], sum: 0).quantile(fraction) == nil)
    }

    @Test("Special values are written as Prometheus reads them")
    func specialValues() {
        let registry = MetricsRegistry()
        registry.gauge("duet_inf", "I.") { .infinity }
        registry.gauge("duet_nan", "N.") { .nan }
        let text = registry.prometheusText()
        #expect(text.contains("\nduet_inf +Inf\n"))
        #expect(text.contains("\nduet_nan NaN\n"))
    }

    @Test("Process metrics are read from the kernel")
    func processMetrics() {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry)
        let lines = registry.prometheusText().split(separator: "\n").filter { !$0.hasPrefix("#") }
        let values = Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let parts = line.split(separator: " ")
                return (String(parts[0]), Double(parts[1]) ?? .nan)
            })
        #expect(values["process_cpu_seconds_total", default: 0] > 0)
        #expect(values["process_resident_memory_bytes", default: 0] > 1_000_000)
        #expect(values["process_open_fds", default: 0] >= 3)
        #expect(values["process_max_fds", default: 0] >= 64)
        #expect(values["process_threads", default: 0] >= 1)
        #expect(values["process_start_time_seconds", default: 0] > 1_600_000_000)
    }
}
