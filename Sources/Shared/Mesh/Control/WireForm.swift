/// Writes the protobuf wire format: for messages that this target, which stands below the generated ones, must write itself.
package struct WireWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// A default is left out, as proto3 has it.
    package mutating func number(_ value: some BinaryInteger, field: UInt32) {
        guard value != 0 else { return }
        self.varint(UInt64(field) << 3)
        self.varint(UInt64(truncatingIfNeeded: value))
    }

    package mutating func flag(_ value: Bool, field: UInt32) {
        self.number(value ? 1 : 0, field: field)
    }

    package mutating func double(_ value: Double, field: UInt32) {
        guard value != 0 else { return }
        self.varint(UInt64(field) << 3 | 1)
        self.fixed(value.bitPattern)
    }

    package mutating func text(_ value: String, field: UInt32) {
        if !value.isEmpty { self.bytes(Array(value.utf8), field: field) }
    }

    package mutating func message(field: UInt32, _ write: (inout WireWriter) -> Void) {
        var inner = WireWriter()
        write(&inner)
        self.bytes(inner.bytes, field: field)
    }

    /// Length-prefixed bytes, even when there are none.
    package mutating func bytes(_ value: [UInt8], field: UInt32) {
        self.varint(UInt64(field) << 3 | 2)
        self.varint(UInt64(value.count))
        self.bytes += value
    }

    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(rest))
    }

    package mutating func fixed<Number: FixedWidthInteger>(_ value: Number) {
        var rest = value
        for _ in 0..<MemoryLayout<Number>.size {
            self.bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}

/// Reads the protobuf wire format, field by field.
package struct WireReader {
    package enum Value: Equatable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) {
        self.rest = bytes
    }

    package var isAtEnd: Bool { self.rest.isEmpty }

    /// - Returns: `nil` at the end.
    /// - Throws: ``MeshError`` with `invalidArgument` for what isn't the wire format.
    package mutating func next() throws(MeshError) -> (field: UInt32, value: Value)? {
        if self.rest.isEmpty { return nil }
        let key = try self.varint()
        guard let field = UInt32(exactly: key >> 3), field > 0 else { throw MeshError(.invalidArgument, "a field has no number") }
        switch key & 7 {
        case 0: return (field, .varint(try self.varint()))
        case 1: return (field, .fixed64(try self.fixed()))
        case 2:
            guard let count = Int(exactly: try self.varint()), count <= self.rest.count else { throw Self.cutShort }
            defer { self.rest = self.rest.dropFirst(count) }
            return (field, .bytes(self.rest.prefix(count)))
        case 5: return (field, .fixed32(try self.fixed()))
        default: throw MeshError(.invalidArgument, "a field has the wire type \(key & 7)")
        }
    }

    package mutating func varint() throws(MeshError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = self.rest.popFirst() else { throw Self.cutShort }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw MeshError(.invalidArgument, "a number has more than 64 bits")
    }

    package mutating func fixed<Number: FixedWidthInteger & UnsignedInteger>() throws(MeshError) -> Number {
        let size = MemoryLayout<Number>.size
        guard self.rest.count >= size else { throw Self.cutShort }
        defer { self.rest = self.rest.dropFirst(size) }
        return self.rest.prefix(size).reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    private static let cutShort = MeshError(.invalidArgument, "the message is cut short")
}

/// The bytes of a message whose type only the two ends know.
public struct PackedMessage: MeshMessage {
    public static let fullName = "bytes of a message"
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    public init(unpacking bytes: UnsafeRawBufferPointer) throws(MeshError) {
        self.bytes = unsafe Array(bytes)
    }

    public func withPackedForm<R>(_ body: (Int, (UnsafeMutableRawBufferPointer) -> Void) throws(MeshError) -> R) throws(MeshError) -> R {
        try unsafe body(self.bytes.count) { unsafe $0.copyBytes(from: self.bytes) }
    }
}
