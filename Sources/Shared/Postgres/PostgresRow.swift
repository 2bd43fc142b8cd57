internal import CLibPQ

/// One row. Columns are read by position, each as the type that the query gave it.
///
/// Every accessor throws ``PostgresError/Code/malformedRow`` if there is no such column, if it holds NULL (unless the accessor is an
/// `optional…`), or if its type is another one.
public struct PostgresRow: Sendable {
    let rows: PostgresRows
    let index: Int32

    public var columnCount: Int { self.rows.columnCount }

    public func isNull(_ column: Int) throws(PostgresError) -> Bool {
        try self.check(column)
        return unsafe PQgetisnull(self.rows.pointer, self.index, Int32(column)) == 1
    }

    /// Lends the raw value to `body`: binary format, valid during the call only.
    public func withBytes<R>(_ column: Int, _ body: (Span<UInt8>) throws(PostgresError) -> R) throws(PostgresError) -> R {
        guard try !self.isNull(column) else { throw PostgresError(.malformedRow, "column \(column) is NULL") }
        let length = unsafe Int(PQgetlength(self.rows.pointer, self.index, Int32(column)))
        guard let value = unsafe PQgetvalue(self.rows.pointer, self.index, Int32(column)) else {
            throw PostgresError(.malformedRow, "column \(column) has no value")
        }
        let buffer = unsafe UnsafeRawBufferPointer(start: value, count: length).assumingMemoryBound(to: UInt8.self)
        return try body(unsafe Span(_unsafeElements: buffer))
    }

    func type(_ column: Int) throws(PostgresError) -> PostgresType {
        try self.check(column)
        return PostgresType(rawValue: self.rows.types[column])
    }

    func mismatch(_ column: Int, _ wanted: String) -> PostgresError {
        let type = self.rows.types.indices.contains(column) ? "type \(self.rows.types[column])" : "missing"
        return PostgresError(.malformedRow, "column \(column) (\(type)) read as \(wanted)")
    }

    private func check(_ column: Int) throws(PostgresError) {
        guard self.rows.types.indices.contains(column) else { throw self.mismatch(column, "a value") }
    }

    /// `nil` for NULL, otherwise what `read` makes of the column.
    func optional<Value>(
        _ column: Int, _ read: (Int) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value? {
        try self.isNull(column) ? nil : try read(column)
    }
}

extension Span<UInt8> {
    /// A big-endian integer at `offset`. The caller has checked the bounds.
    func integer<Integer: FixedWidthInteger>(at offset: Int = 0, as type: Integer.Type = Integer.self) -> Integer {
        var value: Integer = 0
        for index in offset..<(offset + MemoryLayout<Integer>.size) {
            value = value << 8 | Integer(truncatingIfNeeded: self[index])
        }
        return value
    }

    func string(from start: Int = 0, count: Int? = nil) -> String {
        unsafe self.extracting(start..<(start + (count ?? self.count - start))).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }

    func array(from start: Int = 0, count: Int? = nil) -> [UInt8] {
        unsafe self.extracting(start..<(start + (count ?? self.count - start))).withUnsafeBufferPointer { unsafe Array($0) }
    }
}
