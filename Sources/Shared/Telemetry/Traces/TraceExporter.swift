public import Logging

/// Brings kept traces to a receiver, some at a time; what can't be delivered is dropped and counted.
public struct TraceExporter: Sendable {
    /// Whether the receiver took them; may take its time.
    public typealias Delivery = @Sendable ([FinishedTrace]) async -> Bool

    private let recorder: TraceRecorder
    private let deliver: Delivery
    private let interval: Duration
    private let limit: Int
    private let clock: any Clock<Duration>
    private let exported: Counter
    private let logger: Logger

    /// - Parameters:
    ///   - interval: How long the first trace waits for others that go along.
    ///   - limit: Spans that go together.
    public init(
        recorder: TraceRecorder, interval: Duration = .milliseconds(500), limit: Int = 512, clock: any Clock<Duration> = ContinuousClock(),
        registry: MetricsRegistry, logger: Logger, deliver: @escaping Delivery
    ) {
        self.recorder = recorder
        self.deliver = deliver
        self.interval = interval
        self.limit = limit
        self.clock = clock
        self.exported = registry.counter("duet_traces_exported_total", "Spans that the receiver of traces has taken.")
        self.logger = logger
    }

    /// Exports until it is cancelled, and then what still waits, unless the receiver is away.
    public func run() async {
        var wasAway = false
        for await _ in self.recorder.arrivals {
            repeat {
                try? await self.clock.sleep(for: self.interval)
                let isAway = await !self.flush()
                if isAway, !wasAway { self.logger.warning("Traces can't be delivered; they are dropped until they can") }
                if !isAway, wasAway { self.logger.info("Traces are delivered again") }
                wasAway = isAway
            } while self.recorder.waiting > 0 && !Task.isCancelled
        }
        if await !self.flush() {
            while let rest = self.recorder.take(limit: self.limit) { self.recorder.drop(Self.count(rest)) }
        }
    }

    /// Exports all that waits, up to the first failure.
    ///
    /// - Returns: Whether there was none.
    package func flush() async -> Bool {
        while let traces = self.recorder.take(limit: self.limit) {
            let count = Self.count(traces)
            guard await self.deliver(traces) else {
                self.recorder.drop(count)
                return false
            }
            self.exported.increment(by: UInt64(count))
        }
        return true
    }

    private static func count(_ traces: [FinishedTrace]) -> Int { traces.reduce(0) { $0 + $1.spans.count } }
}
