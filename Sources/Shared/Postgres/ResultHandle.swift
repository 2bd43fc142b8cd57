internal import CLibPQ

/// A `PGresult`: cleared exactly once, here or by the ``PostgresRows`` that takes it over.
@safe struct ResultHandle: ~Copyable {
    private let pointer: OpaquePointer

    @unsafe init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe PQclear(self.pointer) }

    @unsafe consuming func release() -> OpaquePointer {
        let pointer = unsafe self.pointer
        discard self
        return unsafe pointer
    }

    var status: ExecStatusType { unsafe PQresultStatus(self.pointer) }

    /// What was done, such as `COMMIT` or `INSERT 0 1`.
    var commandTag: String { unsafe String(cString: PQcmdStatus(self.pointer)) }

    /// The rows that the command touched, where its tag says so.
    var affectedRows: Int { unsafe Int(String(cString: PQcmdTuples(self.pointer))) ?? 0 }

    /// The server's answer as an error, or `nil` if it is none.
    var error: PostgresError? {
        switch self.status {
        case PGRES_BAD_RESPONSE, PGRES_FATAL_ERROR:
            let message = unsafe self.field(PG_DIAG_MESSAGE_PRIMARY) ?? String(cString: PQresultErrorMessage(self.pointer))
            guard let state = self.field(PG_DIAG_SQLSTATE) else { return PostgresError(.connectionFailed, message.trimmedLine) }
            return PostgresError(
                PostgresError.code(sqlState: state, message: message), message.trimmedLine, sqlState: state,
                constraint: self.field(PG_DIAG_CONSTRAINT_NAME))
        default: return nil
        }
    }

    /// A field of an error or notice, such as its severity.
    func field(_ scalar: Unicode.Scalar) -> String? {
        unsafe PQresultErrorField(self.pointer, Int32(scalar.value)).map { unsafe String(cString: $0) }
    }
}

/// `PG_DIAG_*`: character macros, which the importer leaves out.
let PG_DIAG_SEVERITY: Unicode.Scalar = "V"
let PG_DIAG_SQLSTATE: Unicode.Scalar = "C"
let PG_DIAG_MESSAGE_PRIMARY: Unicode.Scalar = "M"
let PG_DIAG_CONSTRAINT_NAME: Unicode.Scalar = "n"

extension String {
    /// Without the line feed that libpq ends its messages with.
    var trimmedLine: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
