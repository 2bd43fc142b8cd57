import Synchronization

/// A span that is under way, in a request whose spans are recorded.
///
/// There is one only where something is recorded: `TraceSpan.current?.…` costs a look at the task elsewhere.
public final class TraceSpan: Sendable {
    /// What the calling task works for.
    @TaskLocal public static var current: TraceSpan?

    private struct State {
        var attributes: [SpanAttribute] = []
        var events: [SpanEvent] = []
        var failure: String?
    }

    public let id: UInt64
    let recording: TraceRecording
    private let parent: UInt64
    private let name: String
    private let kind: SpanRecord.Kind
    let start: UInt64
    private let state = Mutex(State())

    init(_ name: String, _ kind: SpanRecord.Kind, id: UInt64, parent: UInt64, start: UInt64, in recording: TraceRecording) {
        self.name = name
        self.kind = kind
        self.id = id
        self.parent = parent
        self.start = start
        self.recording = recording
    }

    /// Begins a span within this one; ``end()`` ends it.
    ///
    /// - Parameter id: Where it was chosen already; `nil`: a new one.
    public func child(_ name: String, _ kind: SpanRecord.Kind = .local, id: UInt64? = nil) -> TraceSpan {
        TraceSpan(name, kind, id: id ?? SpanIdentifiers.next(), parent: self.id, start: TraceClock.now, in: self.recording)
    }

    /// Adds a span within this one that has no spans of its own and ends now.
    public func add(
        _ name: String, _ kind: SpanRecord.Kind = .local, from start: UInt64, failure: String? = nil, _ attributes: [SpanAttribute] = []
    ) {
        self.recording.add(
            SpanRecord(
                id: SpanIdentifiers.next(), parent: self.id, name: name, kind: kind, start: start, end: max(start, TraceClock.now),
                failure: failure, attributes: attributes))
    }

    public func set(_ attributes: SpanAttribute...) { self.state.withLock { $0.attributes += attributes } }

    public func event(_ name: String, _ attributes: SpanAttribute...) {
        let event = SpanEvent(name, attributes)
        self.state.withLock { $0.events.append(event) }
    }

    /// - Parameter reason: Never SQL, tokens or personal data.
    public func fail(_ reason: String) { self.state.withLock { $0.failure = reason } }

    /// Has the whole trace exported whatever the sampling says, as far as this process has recorded it.
    public func keep() { self.recording.want() }

    /// Called once.
    public func end() { self.recording.add(self.ended()) }

    /// Whether it belongs to that trace.
    public func isOf(traceHigh: UInt64, traceLow: UInt64) -> Bool {
        self.recording.traceLow == traceLow && self.recording.traceHigh == traceHigh
    }

    func ended() -> SpanRecord {
        let end = max(self.start, TraceClock.now)
        return self.state.withLock { state in
            SpanRecord(
                id: self.id, parent: self.parent, name: self.name, kind: self.kind, start: self.start, end: end, failure: state.failure,
                attributes: state.attributes, events: state.events)
        }
    }

    /// Runs `body` within a span of that name, which is the current one meanwhile; where nothing is recorded, just runs it.
    public static func within<R>(
        _ name: String, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> R
    ) async rethrows -> R {
        guard let span = Self.current?.child(name) else { return try await body() }
        defer { span.end() }
        do {
            return try await Self.$current.withValue(span, operation: body)
        } catch {
            span.fail("\(type(of: error))")
            throw error
        }
    }
}
