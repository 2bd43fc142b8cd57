/// Appends fixed-width little-endian values.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 0) { self.bytes.reserveCapacity(capacity) }

    package mutating func write(_ value: some FixedWidthInteger) {
        var rest = value
        for _ in 0..<(value.bitWidth / 8) {
            self.bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    package mutating func write(_ value: Float) { self.write(value.bitPattern) }
    package mutating func write(_ value: Double) { self.write(value.bitPattern) }
    package mutating func write(_ value: Bool) { self.bytes.append(value ? 1 : 0) }
    package mutating func write(contentsOf other: some Sequence<UInt8>) { self.bytes.append(contentsOf: other) }

    /// UTF-8 behind a 32-bit length.
    package mutating func write(_ text: String) {
        self.write(UInt32(text.utf8.count))
        self.bytes.append(contentsOf: text.utf8)
    }
}

/// Reads what ``ByteWriter`` wrote. Every read answers `nil` once the bytes have run out.
package struct ByteReader {
    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    package init(_ bytes: [UInt8], upTo end: Int? = nil) {
        self.bytes = bytes
        self.position = 0
        self.end = min(end ?? bytes.count, bytes.count)
    }

    package var remaining: Int { self.end - self.position }

    package mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(_: Value.Type = Value.self) -> Value? {
        let size = Value.bitWidth / 8
        guard self.remaining >= size else { return nil }
        var value: Value = 0
        for offset in 0..<size { value |= Value(truncatingIfNeeded: self.bytes[self.position + offset]) << (8 * offset) }
        self.position += size
        return value
    }

    package mutating func float() -> Float? { self.integer(UInt32.self).map(Float.init(bitPattern:)) }
    package mutating func double() -> Double? { self.integer(UInt64.self).map(Double.init(bitPattern:)) }

    /// `nil` also for a byte that is neither 0 nor 1.
    package mutating func bool() -> Bool? {
        guard let byte = self.integer(UInt8.self), byte <= 1 else { return nil }
        return byte == 1
    }

    package mutating func string() -> String? {
        guard let count = self.integer(UInt32.self), let bytes = self.slice(Int(count)) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    package mutating func slice(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, self.remaining >= count else { return nil }
        defer { self.position += count }
        return self.bytes[self.position..<self.position + count]
    }

    package mutating func floats(_ count: Int) -> [Float]? {
        guard self.remaining / 4 >= count else { return nil }
        var values: [Float] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            guard let value = self.float() else { return nil }
            values.append(value)
        }
        return values
    }

    package mutating func integers(_ count: Int) -> [UInt32]? {
        guard self.remaining / 4 >= count else { return nil }
        var values: [UInt32] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            guard let value = self.integer(UInt32.self) else { return nil }
            values.append(value)
        }
        return values
    }
}
