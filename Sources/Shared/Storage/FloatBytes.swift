internal import Postgres

/// Vectors as bytes: 32-bit floats, little-endian. An array of the database would be built and sent element by element, which costs more
/// than all else in reading factors.
enum FloatBytes {
    static func pack(_ vectors: some Sequence<[Float]>) -> [UInt8] {
        var bytes: [UInt8] = []
        for vector in vectors {
            for value in vector {
                let bits = value.bitPattern
                bytes.append(UInt8(truncatingIfNeeded: bits))
                bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
                bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
                bytes.append(UInt8(truncatingIfNeeded: bits >> 24))
            }
        }
        return bytes
    }

    static func read(_ row: PostgresRow, _ column: Int) throws(PostgresError) -> [Float] {
        let bytes = try row.bytes(column)
        guard bytes.count % 4 == 0 else { throw PostgresError(.malformedRow, "a vector of \(bytes.count) bytes") }
        return stride(from: 0, to: bytes.count, by: 4).map { index in
            let low = UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8
            let high = UInt32(bytes[index + 2]) | UInt32(bytes[index + 3]) << 8
            return Float(bitPattern: low | high << 16)
        }
    }
}
