/// A moment: microseconds since 1970-01-01T00:00:00Z, the resolution of PostgreSQL's `timestamptz`.
public struct Timestamp: RawRepresentable, Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(microseconds: Int64) { self.rawValue = microseconds }
    public init(seconds: Int64) { self.rawValue = seconds * 1_000_000 }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.rawValue < right.rawValue }

    /// Time from `earlier` to this moment; negative when `earlier` is later.
    public func since(_ earlier: Timestamp) -> Duration { .microseconds(self.rawValue - earlier.rawValue) }

    public func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(rawValue: self.rawValue + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
}
