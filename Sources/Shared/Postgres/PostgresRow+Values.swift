extension PostgresRow {
    /// An `int8`, `int4`, `int2` or `oid`; also a `numeric` without a fraction, which is what `sum(int8)` gives.
    public func int64(_ column: Int) throws(PostgresError) -> Int64 {
        let type = try self.type(column)
        return try self.withBytes(column) { (bytes) throws(PostgresError) -> Int64 in
            switch (type, bytes.count) {
            case (.int8, 8): return bytes.integer(as: Int64.self)
            case (.int4, 4): return Int64(bytes.integer(as: Int32.self))
            case (.int2, 2): return Int64(bytes.integer(as: Int16.self))
            case (.oid, 4): return Int64(bytes.integer(as: UInt32.self))
            case (.numeric, _):
                guard let value = PostgresNumeric(bytes)?.integer else { throw self.mismatch(column, "Int64") }
                return value
            default: throw self.mismatch(column, "Int64")
            }
        }
    }

    public func int(_ column: Int) throws(PostgresError) -> Int { Int(try self.int64(column)) }

    public func int32(_ column: Int) throws(PostgresError) -> Int32 { try self.narrowed(column) }

    public func int16(_ column: Int) throws(PostgresError) -> Int16 { try self.narrowed(column) }

    private func narrowed<Integer: FixedWidthInteger>(_ column: Int) throws(PostgresError) -> Integer {
        guard let value = Integer(exactly: try self.int64(column)) else { throw self.mismatch(column, "\(Integer.self)") }
        return value
    }

    /// An `xid8`, or a number that is not negative.
    public func uint64(_ column: Int) throws(PostgresError) -> UInt64 {
        if try self.type(column) == .xid8 {
            return try self.withBytes(column) { (bytes) throws(PostgresError) -> UInt64 in
                guard bytes.count == 8 else { throw self.mismatch(column, "UInt64") }
                return bytes.integer(as: UInt64.self)
            }
        }
        return try self.narrowed(column)
    }

    /// A `float8`, `float4`, `numeric` (rounded) or integer.
    public func double(_ column: Int) throws(PostgresError) -> Double {
        let type = try self.type(column)
        switch type {
        case .float8, .float4, .numeric:
            return try self.withBytes(column) { (bytes) throws(PostgresError) -> Double in
                switch (type, bytes.count) {
                case (.float8, 8): return Double(bitPattern: bytes.integer(as: UInt64.self))
                case (.float4, 4): return Double(Float(bitPattern: bytes.integer(as: UInt32.self)))
                case (.numeric, _):
                    guard let value = PostgresNumeric(bytes)?.double else { throw self.mismatch(column, "Double") }
                    return value
                default: throw self.mismatch(column, "Double")
                }
            }
        default: return Double(try self.int64(column))
        }
    }

    public func float(_ column: Int) throws(PostgresError) -> Float { Float(try self.double(column)) }

    public func bool(_ column: Int) throws(PostgresError) -> Bool {
        guard try self.type(column) == .bool else { throw self.mismatch(column, "Bool") }
        return try self.withBytes(column) { (bytes) throws(PostgresError) -> Bool in
            guard bytes.count == 1 else { throw self.mismatch(column, "Bool") }
            return bytes[0] != 0
        }
    }

    /// Text of any textual type; also `json`, `jsonb`, and enumerations.
    public func string(_ column: Int) throws(PostgresError) -> String {
        let type = try self.type(column)
        switch type {
        case .bool, .int8, .int4, .int2, .oid, .float4, .float8, .numeric, .timestamptz, .timestamp, .date, .xid8, .bytea:
            throw self.mismatch(column, "String")
        default:
            // jsonb's binary format is a version byte, then text.
            return try self.withBytes(column) { bytes in bytes.string(from: type == .jsonb ? 1 : 0) }
        }
    }

    /// A `bytea`, or the raw value of another type.
    public func bytes(_ column: Int) throws(PostgresError) -> [UInt8] {
        try self.withBytes(column) { bytes in bytes.array() }
    }

    /// A `timestamptz`, `timestamp` (taken as UTC) or `date` (its midnight) in microseconds since 1970-01-01 UTC.
    public func timestamp(_ column: Int) throws(PostgresError) -> Int64 {
        let type = try self.type(column)
        return try self.withBytes(column) { (bytes) throws(PostgresError) -> Int64 in
            switch (type, bytes.count) {
            case (.timestamptz, 8), (.timestamp, 8):
                let value = bytes.integer(as: Int64.self)
                guard value != .max, value != .min else { throw self.mismatch(column, "a finite timestamp") }
                return value &+ postgresEpochMicroseconds
            case (.date, 4):
                let days = bytes.integer(as: Int32.self)
                guard days != .max, days != .min else { throw self.mismatch(column, "a finite date") }
                return Int64(days) * 86_400_000_000 + postgresEpochMicroseconds
            default: throw self.mismatch(column, "a timestamp")
            }
        }
    }

    // MARK: NULL allowed

    public func optionalInt64(_ column: Int) throws(PostgresError) -> Int64? { try self.optional(column, self.int64) }
    public func optionalInt(_ column: Int) throws(PostgresError) -> Int? { try self.optional(column, self.int) }
    public func optionalInt32(_ column: Int) throws(PostgresError) -> Int32? { try self.optional(column, self.int32) }
    public func optionalInt16(_ column: Int) throws(PostgresError) -> Int16? { try self.optional(column, self.int16) }
    public func optionalUInt64(_ column: Int) throws(PostgresError) -> UInt64? { try self.optional(column, self.uint64) }
    public func optionalDouble(_ column: Int) throws(PostgresError) -> Double? { try self.optional(column, self.double) }
    public func optionalFloat(_ column: Int) throws(PostgresError) -> Float? { try self.optional(column, self.float) }
    public func optionalBool(_ column: Int) throws(PostgresError) -> Bool? { try self.optional(column, self.bool) }
    public func optionalString(_ column: Int) throws(PostgresError) -> String? { try self.optional(column, self.string) }
    public func optionalBytes(_ column: Int) throws(PostgresError) -> [UInt8]? { try self.optional(column, self.bytes) }
    public func optionalTimestamp(_ column: Int) throws(PostgresError) -> Int64? { try self.optional(column, self.timestamp) }
}
