/// A value that can be a parameter, in the server's binary format.
public protocol PostgresEncodable: Sendable {
    static var postgresType: PostgresType { get }
    /// The type of an array of these, where there may be one.
    static var postgresArrayType: PostgresType? { get }
    /// Appends the value.
    func encode(into buffer: inout [UInt8])
}

extension PostgresEncodable {
    public static var postgresArrayType: PostgresType? { nil }
}

extension [UInt8] {
    /// Appends in network order.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        var shift = value.bitWidth
        while shift > 0 {
            shift -= 8
            self.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

extension Int64: PostgresEncodable {
    public static var postgresType: PostgresType { .int8 }
    public static var postgresArrayType: PostgresType? { .int8Array }
    public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }
}

extension Int: PostgresEncodable {
    public static var postgresType: PostgresType { .int8 }
    public static var postgresArrayType: PostgresType? { .int8Array }
    public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: Int64(self)) }
}

extension Int32: PostgresEncodable {
    public static var postgresType: PostgresType { .int4 }
    public static var postgresArrayType: PostgresType? { .int4Array }
    public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }
}

extension Int16: PostgresEncodable {
    public static var postgresType: PostgresType { .int2 }
    public static var postgresArrayType: PostgresType? { .int2Array }
    public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }
}

/// A transaction id, `xid8`.
extension UInt64: PostgresEncodable {
    public static var postgresType: PostgresType { .xid8 }
    public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }
}

extension Double: PostgresEncodable {
    public static var postgresType: PostgresType { .float8 }
    public static var postgresArrayType: PostgresType? { .float8Array }
    public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self.bitPattern) }
}

extension Float: PostgresEncodable {
    public static var postgresType: PostgresType { .float4 }
    public static var postgresArrayType: PostgresType? { .float4Array }
    public func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self.bitPattern) }
}

extension Bool: PostgresEncodable {
    public static var postgresType: PostgresType { .bool }
    public static var postgresArrayType: PostgresType? { .boolArray }
    public func encode(into buffer: inout [UInt8]) { buffer.append(self ? 1 : 0) }
}

extension String: PostgresEncodable {
    public static var postgresType: PostgresType { .text }
    public static var postgresArrayType: PostgresType? { .textArray }
    public func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: self.utf8) }
}

/// An array, one dimension; of `UInt8` it is a `bytea`.
extension Array: PostgresEncodable where Element: PostgresArrayElement {
    public static var postgresType: PostgresType { Element.postgresTypeOfArray }
    public static var postgresArrayType: PostgresType? { Element.postgresTypeOfArrayOfArrays }
    public func encode(into buffer: inout [UInt8]) { Element.encode(array: self, into: &buffer) }
}

/// What an array parameter can hold. Values get it with ``PostgresEncodable``; bytes are special.
public protocol PostgresArrayElement: Sendable {
    static var postgresTypeOfArray: PostgresType { get }
    static var postgresTypeOfArrayOfArrays: PostgresType? { get }
    static func encode(array: [Self], into buffer: inout [UInt8])
}

extension PostgresArrayElement {
    public static var postgresTypeOfArrayOfArrays: PostgresType? { nil }
}

extension PostgresArrayElement where Self: PostgresEncodable {
    public static var postgresTypeOfArray: PostgresType {
        guard let type = Self.postgresArrayType else { preconditionFailure("\(Self.self) has no array type") }
        return type
    }

    /// Dimensions, null flag, element type, then length and lower bound of the one dimension, then the elements with their lengths.
    public static func encode(array: [Self], into buffer: inout [UInt8]) {
        buffer.reserveCapacity(buffer.count + 20 + array.count * 12)
        buffer.append(bigEndian: Int32(array.isEmpty ? 0 : 1))
        buffer.append(bigEndian: Int32(0))
        buffer.append(bigEndian: Self.postgresType.rawValue)
        guard !array.isEmpty else { return }
        buffer.append(bigEndian: Int32(array.count))
        buffer.append(bigEndian: Int32(1))
        for element in array {
            let start = buffer.count
            buffer.append(bigEndian: Int32(0))
            element.encode(into: &buffer)
            buffer.overwrite(at: start, bigEndian: Int32(buffer.count - start - 4))
        }
    }
}

extension [UInt8] {
    mutating func overwrite(at index: Int, bigEndian value: Int32) {
        for byte in 0..<4 { self[index + byte] = UInt8(truncatingIfNeeded: value >> (24 - 8 * Int32(byte))) }
    }
}

extension Int64: PostgresArrayElement {}
extension Int: PostgresArrayElement {}
extension Int32: PostgresArrayElement {}
extension Int16: PostgresArrayElement {}
extension Double: PostgresArrayElement {}
extension Float: PostgresArrayElement {}
extension Bool: PostgresArrayElement {}
extension String: PostgresArrayElement {}

extension UInt8: PostgresArrayElement {
    public static var postgresTypeOfArray: PostgresType { .bytea }
    public static var postgresTypeOfArrayOfArrays: PostgresType? { .byteaArray }
    public static func encode(array: [UInt8], into buffer: inout [UInt8]) { buffer.append(contentsOf: array) }
}

/// `[[UInt8]]` is an array of `bytea`.
extension Array: PostgresArrayElement where Element == UInt8 {}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }
    /// Not called for `nil`: a missing value has no bytes.
    public func encode(into buffer: inout [UInt8]) { self?.encode(into: &buffer) }
}
