/// Where a call stands in a distributed trace (W3C Trace Context, level 1).
public struct TraceContext: Sendable, Hashable {
    public var traceHigh: UInt64
    public var traceLow: UInt64
    public var span: UInt64
    public var sampled: Bool

    public init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, sampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.sampled = sampled
    }

    /// Reads a `traceparent` header; `nil` when it isn't valid: then the specification asks for a new trace.
    public init?(traceparent: String) {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, let version = Self.hexadecimal(parts[0], digits: 2), version != 0xFF,
            version != 0 || parts.count == 4,
            parts[1].utf8.count == 32,
            let high = Self.hexadecimal(parts[1].prefix(16), digits: 16),
            let low = Self.hexadecimal(parts[1].suffix(16), digits: 16),
            let span = Self.hexadecimal(parts[2], digits: 16),
            let flags = Self.hexadecimal(parts[3], digits: 2),
            high != 0 || low != 0, span != 0
        else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, sampled: flags & 1 == 1)
    }

    /// The `traceparent` header: `00-<trace>-<span>-<flags>`.
    public var traceparent: String {
        "00-\(self.traceID)-\(self.spanID)-\(self.sampled ? "01" : "00")"
    }

    /// 32 hexadecimal digits.
    public var traceID: String { Self.padded(self.traceHigh) + Self.padded(self.traceLow) }

    /// 16 hexadecimal digits.
    public var spanID: String { Self.padded(self.span) }

    /// A new trace.
    public static func random(sampled: Bool = false) -> TraceContext {
        var generator = SystemRandomNumberGenerator()
        return .random(sampled: sampled, using: &generator)
    }

    public static func random(sampled: Bool = false, using generator: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(
            traceHigh: Self.identifier(using: &generator),
            traceLow: Self.identifier(using: &generator),
            span: Self.identifier(using: &generator),
            sampled: sampled)
    }

    /// A new span of the same trace.
    public func child() -> TraceContext {
        var generator = SystemRandomNumberGenerator()
        return self.child(using: &generator)
    }

    public func child(using generator: inout some RandomNumberGenerator) -> TraceContext {
        var child = self
        child.span = Self.identifier(using: &generator)
        return child
    }

    /// Any number but 0, which stands for none.
    private static func identifier(using generator: inout some RandomNumberGenerator) -> UInt64 {
        max(1, generator.next())
    }

    private static func hexadecimal(_ text: Substring, digits: Int) -> UInt64? {
        // `UInt64(_:radix:)` alone would take a sign and capitals.
        guard text.utf8.count == digits, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
        return UInt64(text, radix: 16)
    }

    private static func padded(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
