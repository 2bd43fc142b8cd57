/// Identifies a person. Valid identifiers are positive.
public struct UserID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    public var description: String { String(self.rawValue) }

    public static func < (left: UserID, right: UserID) -> Bool { left.rawValue < right.rawValue }
}
