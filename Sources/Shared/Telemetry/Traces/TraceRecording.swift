import Synchronization

/// The spans that this process made for one request, or for one call, until it is decided whether they are worth keeping.
public final class TraceRecording: Sendable {
    /// More spans of one request are dropped, and counted.
    package static let limit = 512

    private struct State {
        var spans: [SpanRecord] = []
        var dropped = 0
        var isWanted = false
        var isOver = false
    }

    public let traceHigh: UInt64
    public let traceLow: UInt64
    /// Whether the services that are called record too.
    public let isSampled: Bool
    private let state: Mutex<State>

    init(traceHigh: UInt64, traceLow: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.isSampled = isSampled
        var state = State()
        state.spans.reserveCapacity(8)
        self.state = Mutex(state)
    }

    /// Has the trace exported whatever the sampling says.
    func want() { self.state.withLock { $0.isWanted = true } }

    /// Adds a span that has ended. What comes after the request was answered is left out.
    func add(_ span: SpanRecord) {
        self.state.withLock { state in
            guard !state.isOver else { return }
            if state.spans.count < Self.limit { state.spans.append(span) } else { state.dropped += 1 }
        }
    }

    /// Takes nothing from now on.
    func close() -> (spans: [SpanRecord], dropped: Int, isWanted: Bool) {
        self.state.withLock { state in
            state.isOver = true
            defer { state.spans = [] }
            return (state.spans, state.dropped, state.isWanted)
        }
    }
}
