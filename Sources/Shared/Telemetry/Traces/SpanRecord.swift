/// A span that has ended, as it is exported.
public struct SpanRecord: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Work within a process.
        case local
        /// The answering side of a call.
        case server
        /// The calling side.
        case client
    }

    public var id: UInt64
    /// 0: the trace begins here.
    public var parent: UInt64
    public var name: String
    public var kind: Kind
    /// Nanoseconds since 1970.
    public var start: UInt64
    public var end: UInt64
    /// `nil` for success. Never holds SQL, tokens or personal data.
    public var failure: String?
    public var attributes: [SpanAttribute]
    public var events: [SpanEvent]

    public init(
        id: UInt64, parent: UInt64, name: String, kind: Kind, start: UInt64, end: UInt64, failure: String? = nil,
        attributes: [SpanAttribute] = [], events: [SpanEvent] = []
    ) {
        self.id = id
        self.parent = parent
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.failure = failure
        self.attributes = attributes
        self.events = events
    }
}

/// Something that is known of a span or an event.
public struct SpanAttribute: Sendable, Hashable {
    public enum Value: Sendable, Hashable {
        case text(String)
        case integer(Int64)
        case number(Double)
        case truth(Bool)
    }

    public var key: String
    public var value: Value

    public init(_ key: String, _ value: Value) { (self.key, self.value) = (key, value) }

    public init(_ key: String, _ text: String) { self.init(key, .text(text)) }

    public init(_ key: String, _ integer: Int) { self.init(key, .integer(Int64(integer))) }
}

/// Something that happened within a span.
public struct SpanEvent: Sendable, Hashable {
    public var name: String
    /// Nanoseconds since 1970.
    public var time: UInt64
    public var attributes: [SpanAttribute]

    public init(_ name: String, at time: UInt64 = TraceClock.now, _ attributes: [SpanAttribute] = []) {
        self.name = name
        self.time = time
        self.attributes = attributes
    }
}
