internal import CLibPQ

/// The rows of an answer, read where libpq put them.
///
/// `@unchecked Sendable`: nothing changes a finished `PGresult`; libpq allows its read functions from many threads, and it is cleared
/// by the last reference.
@safe public final class PostgresRows: RandomAccessCollection, @unchecked Sendable {
    let pointer: OpaquePointer
    /// Types of the columns.
    let types: [UInt32]
    public let count: Int
    /// Rows that an INSERT, UPDATE, DELETE, MERGE or COPY touched; for a SELECT the rows it returned.
    public let affectedRows: Int

    init(_ result: consuming ResultHandle) {
        self.affectedRows = result.affectedRows
        unsafe self.pointer = result.release()
        self.count = unsafe Int(PQntuples(self.pointer))
        let columns = unsafe PQnfields(self.pointer)
        var types: [UInt32] = []
        types.reserveCapacity(Int(columns))
        for column in 0..<columns { unsafe types.append(PQftype(self.pointer, column)) }
        self.types = types
    }

    deinit { unsafe PQclear(self.pointer) }

    public var startIndex: Int { 0 }
    public var endIndex: Int { self.count }
    public var columnCount: Int { self.types.count }

    public var columnNames: [String] {
        (0..<Int32(self.types.count)).map { column in
            unsafe PQfname(self.pointer, column).map { unsafe String(cString: $0) } ?? ""
        }
    }

    public subscript(index: Int) -> PostgresRow {
        precondition(index >= 0 && index < self.count, "row \(index) of \(self.count)")
        return PostgresRow(rows: self, index: Int32(index))
    }
}
