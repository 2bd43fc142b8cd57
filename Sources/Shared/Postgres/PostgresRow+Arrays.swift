extension PostgresRow {
    public func int64Array(_ column: Int) throws(PostgresError) -> [Int64] {
        try self.elements(column, of: .int8, size: 8) { bytes, offset, _ in bytes.integer(at: offset, as: Int64.self) }
    }

    public func int32Array(_ column: Int) throws(PostgresError) -> [Int32] {
        try self.elements(column, of: .int4, size: 4) { bytes, offset, _ in bytes.integer(at: offset, as: Int32.self) }
    }

    public func int16Array(_ column: Int) throws(PostgresError) -> [Int16] {
        try self.elements(column, of: .int2, size: 2) { bytes, offset, _ in bytes.integer(at: offset, as: Int16.self) }
    }

    public func floatArray(_ column: Int) throws(PostgresError) -> [Float] {
        try self.elements(column, of: .float4, size: 4) { bytes, offset, _ in
            Float(bitPattern: bytes.integer(at: offset, as: UInt32.self))
        }
    }

    public func doubleArray(_ column: Int) throws(PostgresError) -> [Double] {
        try self.elements(column, of: .float8, size: 8) { bytes, offset, _ in
            Double(bitPattern: bytes.integer(at: offset, as: UInt64.self))
        }
    }

    public func boolArray(_ column: Int) throws(PostgresError) -> [Bool] {
        try self.elements(column, of: .bool, size: 1) { bytes, offset, _ in bytes[offset] != 0 }
    }

    public func stringArray(_ column: Int) throws(PostgresError) -> [String] {
        try self.elements(column, of: nil, size: nil) { bytes, offset, count in bytes.string(from: offset, count: count) }
    }

    public func bytesArray(_ column: Int) throws(PostgresError) -> [[UInt8]] {
        try self.elements(column, of: .bytea, size: nil) { bytes, offset, count in bytes.array(from: offset, count: count) }
    }

    public func optionalInt64Array(_ column: Int) throws(PostgresError) -> [Int64]? { try self.optional(column, self.int64Array) }
    public func optionalFloatArray(_ column: Int) throws(PostgresError) -> [Float]? { try self.optional(column, self.floatArray) }
    public func optionalStringArray(_ column: Int) throws(PostgresError) -> [String]? { try self.optional(column, self.stringArray) }

    /// Reads an array of one dimension without NULLs.
    ///
    /// - Parameters:
    ///   - element: The type that its elements must have; `nil` for any textual type.
    ///   - size: Bytes that each element must have.
    private func elements<Element>(
        _ column: Int, of element: PostgresType?, size: Int?, _ read: (borrowing Span<UInt8>, Int, Int) -> Element
    ) throws(PostgresError) -> [Element] {
        try self.withBytes(column) { (bytes) throws(PostgresError) -> [Element] in
            guard bytes.count >= 12 else { throw self.mismatch(column, "an array") }
            let dimensions = bytes.integer(at: 0, as: Int32.self)
            let type = PostgresType(rawValue: bytes.integer(at: 8, as: UInt32.self))
            guard element.map({ $0 == type }) ?? Self.isTextual(type) else { throw self.mismatch(column, "an array of \(Element.self)") }
            guard dimensions > 0 else { return [] }
            guard dimensions == 1, bytes.count >= 20 else { throw self.mismatch(column, "an array of one dimension") }
            let count = Int(bytes.integer(at: 12, as: Int32.self))
            var values: [Element] = []
            values.reserveCapacity(min(count, bytes.count / 4))
            var offset = 20
            for _ in 0..<max(0, count) {
                guard offset + 4 <= bytes.count else { throw self.mismatch(column, "a whole array") }
                let length = Int(bytes.integer(at: offset, as: Int32.self))
                offset += 4
                guard length >= 0 else { throw self.mismatch(column, "an array without NULLs") }
                guard offset + length <= bytes.count, size == nil || size == length else { throw self.mismatch(column, "a whole array") }
                values.append(read(bytes, offset, length))
                offset += length
            }
            return values
        }
    }

    private static func isTextual(_ type: PostgresType) -> Bool {
        switch type {
        case .bool, .bytea, .int8, .int2, .int4, .oid, .float4, .float8, .date, .timestamp, .timestamptz, .numeric, .jsonb, .xid8: false
        default: true
        }
    }
}
