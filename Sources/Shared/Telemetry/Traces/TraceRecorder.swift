import Synchronization

/// Decides which traces are worth keeping, and holds those until they are exported.
///
/// The edge records every request, as only its end tells whether it was slow or failed; what it calls records only where the head of the
/// trace was sampled. So a trace that is kept for its slowness has the edge's spans, and those of the services only by chance.
public final class TraceRecorder: Sendable {
    private struct State {
        var traces: [FinishedTrace] = []
        var count = 0
    }

    private let threshold: UInt64
    private let slow: UInt64
    private let capacity: Int
    private let state = Mutex(State())
    private let dropped: Counter
    /// A word for each time that something came into an empty queue.
    let arrivals: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - sample: Share of the traces that begin here and are sampled, 0…1.
    ///   - slow: A request that takes so long is kept.
    ///   - capacity: Spans that wait to be exported at most.
    public init(sample: Double, slow: Duration, capacity: Int = 8192, registry: MetricsRegistry) {
        // Of 2^64 identifiers the share that lies below: all services that share the rule agree on a trace.
        self.threshold = sample >= 1 ? .max : UInt64(max(0, sample) * 0x1p64)
        self.slow = UInt64(clamping: slow.wholeNanoseconds)
        self.capacity = capacity
        self.dropped = registry.counter(
            "duet_traces_dropped_total", "Spans lost: the receiver of traces was away or slow, or a request had too many.")
        (self.arrivals, self.bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Whether a trace that begins here is recorded everywhere.
    ///
    /// - Parameter traceLow: The random half of its identifier.
    public func samples(_ traceLow: UInt64) -> Bool { self.threshold == .max || traceLow < self.threshold }

    /// Begins the recording of a request or a call.
    ///
    /// - Parameters:
    ///   - id: Its span where that was chosen already.
    ///   - parent: The caller's span; 0: none.
    public func begin(
        _ name: String, traceHigh: UInt64, traceLow: UInt64, isSampled: Bool, id: UInt64? = nil, parent: UInt64
    ) -> TraceSpan {
        TraceSpan(
            name, .server, id: id ?? SpanIdentifiers.next(), parent: parent, start: TraceClock.now,
            in: TraceRecording(traceHigh: traceHigh, traceLow: traceLow, isSampled: isSampled))
    }

    /// Ends the recording, and keeps it where the trace is sampled, or was slow, failed or wanted.
    ///
    /// - Parameters:
    ///   - span: What ``begin(_:traceHigh:traceLow:isSampled:id:parent:)`` returned.
    ///   - failure: `nil` for success.
    ///   - describe: Adds what is worth knowing; asked only if the recording is kept.
    public func finish(_ span: TraceSpan, failure: String? = nil, _ describe: (inout SpanRecord) -> Void = { _ in }) {
        let recording = span.recording
        var (spans, dropped, isWanted) = recording.close()
        guard recording.isSampled || isWanted || failure != nil || TraceClock.now >= span.start &+ self.slow else { return }
        var root = span.ended()
        root.failure = failure ?? root.failure
        describe(&root)
        spans.append(root)
        if dropped > 0 { self.drop(dropped) }
        self.put(FinishedTrace(traceHigh: recording.traceHigh, traceLow: recording.traceLow, isSampled: recording.isSampled, spans: spans))
    }

    private func put(_ trace: FinishedTrace) {
        let (isTaken, rings) = self.state.withLock { state in
            guard state.count + trace.spans.count <= self.capacity else { return (false, false) }
            defer {
                state.traces.append(trace)
                state.count += trace.spans.count
            }
            return (true, state.traces.isEmpty)
        }
        if !isTaken { self.drop(trace.spans.count) }
        if rings { self.bell.yield() }
    }

    func drop(_ spans: Int) { self.dropped.increment(by: UInt64(spans)) }

    /// The traces that have waited longest, at least one and not many more spans than `limit`; `nil` where none waits.
    package func take(limit: Int) -> [FinishedTrace]? {
        self.state.withLock { state in
            guard !state.traces.isEmpty else { return nil }
            var (end, count) = (0, 0)
            while end < state.traces.count, count == 0 || count + state.traces[end].spans.count <= limit {
                count += state.traces[end].spans.count
                end += 1
            }
            defer {
                state.traces.removeFirst(end)
                state.count -= count
            }
            return Array(state.traces[..<end])
        }
    }

    /// Spans that wait to be exported.
    package var waiting: Int { self.state.withLock { $0.count } }
}

/// What this process has of a trace.
public struct FinishedTrace: Sendable, Hashable {
    public var traceHigh: UInt64
    public var traceLow: UInt64
    public var isSampled: Bool
    /// The last one is that of the request or call itself.
    public var spans: [SpanRecord]
}

extension Duration {
    /// Cut off where it is longer than five centuries.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflows) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflows ? .max : product &+ UInt64(attoseconds) / 1_000_000_000
    }
}
