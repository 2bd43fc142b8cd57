import Dispatch
import Logging
import Synchronization
import Telemetry
import TestKit
import Testing

@Suite("Export of traces") struct TraceExporterTests {
    private let registry = MetricsRegistry()

    private func value(_ name: String) -> Double? {
        self.registry.prometheusText().split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
    }

    private func fill(_ recorder: TraceRecorder, _ count: Int) {
        for _ in 0..<count { recorder.finish(recorder.begin("x", traceHigh: 1, traceLow: 2, isSampled: true, parent: 0)) }
    }

    /// Spans of each message.
    private final class Sink: Sendable {
        private let state = Mutex((sizes: [Int](), isAway: false))
        var sizes: [Int] { self.state.withLock { $0.sizes } }
        func leave() { self.state.withLock { $0.isAway = true } }
        func take(_ traces: [FinishedTrace]) -> Bool {
            self.state.withLock { state in
                if !state.isAway { state.sizes.append(traces.reduce(0) { $0 + $1.spans.count }) }
                return !state.isAway
            }
        }
    }

    private func exporter(_ recorder: TraceRecorder, _ clock: ManualClock, _ sink: Sink) -> TraceExporter {
        TraceExporter(
            recorder: recorder, interval: .seconds(1), limit: 10, clock: clock, registry: self.registry,
            logger: .init(label: "tests") { _ in JSONLogHandler(service: "tests", processID: 1, sink: { _ in }) }
        ) { sink.take($0) }
    }

    @Test("What comes within the interval goes together, in messages of a bounded size; the end waits for nothing")
    func batches() async {
        let (recorder, clock, sink) = (TraceRecorder(sample: 1, slow: .seconds(9), registry: self.registry), ManualClock(), Sink())
        let exporter = self.exporter(recorder, clock, sink)
        let task = Task { await exporter.run() }
        self.fill(recorder, 25)
        while clock.sleeperCount == 0 { await Task.yield() }
        #expect(sink.sizes.isEmpty)
        clock.advance(by: .seconds(1))
        while sink.sizes.count < 3 { await Task.yield() }
        #expect(sink.sizes == [10, 10, 5])
        self.fill(recorder, 3)
        task.cancel()
        await task.value
        #expect(sink.sizes == [10, 10, 5, 3])
        #expect(self.value("duet_traces_exported_total") == 28)
        #expect(self.value("duet_traces_dropped_total") == 0)
    }

    @Test("While the receiver is away spans are dropped and counted, and the end doesn't wait for it")
    func away() async {
        let recorder = TraceRecorder(sample: 1, slow: .seconds(9), capacity: 40, registry: self.registry)
        let (clock, sink) = (ManualClock(), Sink())
        sink.leave()
        let exporter = self.exporter(recorder, clock, sink)
        self.fill(recorder, 50)
        #expect(await !exporter.flush())
        #expect(recorder.waiting == 30)
        #expect(self.value("duet_traces_dropped_total") == 20)
        let task = Task { await exporter.run() }
        task.cancel()
        await task.value
        #expect(recorder.waiting == 0)
        #expect(self.value("duet_traces_dropped_total") == 50)
        #expect(self.value("duet_traces_exported_total") == 0)
    }
}

@Suite("The receiver of traces") struct TraceEndpointTests {
    @Test(
        "Addresses",
        arguments: [
            ("http://127.0.0.1:4318", "127.0.0.1:4318/v1/traces"), ("http://jaeger", "jaeger:4318/v1/traces"),
            ("http://a:1/", "a:1/v1/traces"), ("http://a:1/otlp", "a:1/otlp/v1/traces"), ("http://a:1/v1/traces", "a:1/v1/traces"),
            ("http://[::1]:4318", "::1:4318/v1/traces"), ("unix:///run/otlp.sock", "/run/otlp.sock /v1/traces"),
        ])
    func addresses(url: String, meant: String) throws {
        let endpoint = try #require(TraceEndpoint(url))
        switch endpoint.place {
        case .tcp(let host, let port): #expect("\(host):\(port)\(endpoint.path)" == meant)
        case .unix(let path): #expect("\(path) \(endpoint.path)" == meant)
        }
    }

    @Test("What is no address", arguments: ["https://a", "a:1", "http://", "http://a:0", "http://a:x", "http://a/b c", "unix://relative", ""])
    func refused(url: String) { #expect(TraceEndpoint(url) == nil) }

    @Test("A message arrives whole; another status than 2xx is a failure", arguments: [(200, true), (202, true), (503, false)])
    func delivery(status: Int, isTaken: Bool) async throws {
        let receiver = try HTTPReceiver(status: status)
        let post = TracePost(to: try #require(TraceEndpoint(receiver.url)))
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        async let taken = post.send(body)
        await Self.blocking { _ = receiver.takeOne() }
        #expect(await taken == isTaken)
        #expect(receiver.bodies == [body])
    }

    @Test("A receiver that doesn't answer is given up after the timeout; one that isn't there at once")
    func silence() async throws {
        let receiver = try HTTPReceiver(status: nil)
        let endpoint = try #require(TraceEndpoint(receiver.url))
        let post = TracePost(to: endpoint, timeout: .milliseconds(50))
        // It listens, but nobody takes the connection.
        #expect(await !post.send([1, 2, 3]))
        let nowhere = try #require(TraceEndpoint("unix:///nowhere/socket"))
        #expect(await !TracePost(to: nowhere).send([1]))
    }

    /// Off the cooperative threads.
    private static func blocking(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                body()
                continuation.resume()
            }
        }
    }
}
