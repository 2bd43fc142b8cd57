/// A reply in RESP2. A status such as `OK` is bytes, too.
public enum RESPValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case bytes([UInt8])
    case array([RESPValue])
    case error(String)

    public var isNull: Bool { self == .null }

    public var bytes: [UInt8]? {
        guard case .bytes(let bytes) = self else { return nil }
        return bytes
    }

    /// Bytes as text; what is not UTF-8 is repaired.
    public var string: String? { self.bytes.map { String(decoding: $0, as: UTF8.self) } }

    /// An integer, or bytes that spell one.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .bytes(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        case .null, .array, .error: nil
        }
    }

    public var array: [RESPValue]? {
        guard case .array(let values) = self else { return nil }
        return values
    }
}
