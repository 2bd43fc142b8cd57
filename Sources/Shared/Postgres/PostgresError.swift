/// Why PostgreSQL did not do what it was asked.
///
/// The message may name columns and constraints and is for a log, never for a client. It holds no parameter's value:
/// the server's DETAIL line, which quotes rows, is left out.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The connection could not be made or broke; a statement in flight may still have been done.
        public static let connectionFailed = Code(description: "connectionFailed")
        /// The server refuses work for now: starting, stopping, or out of connections. Also while a pool backs off.
        public static let serverUnavailable = Code(description: "serverUnavailable")
        /// The server has failed several times in a row; until it answers again nobody waits for it.
        public static let circuitOpen = Code(description: "circuitOpen")
        /// No connection became free within the pool's `acquireTimeout`, or too many wait for one already.
        public static let poolExhausted = Code(description: "poolExhausted")
        /// The statement ran longer than its timeout, on the server or (a server that hangs) here.
        public static let statementTimeout = Code(description: "statementTimeout")
        /// The calling task was cancelled. A statement in flight may still be done.
        public static let cancelled = Code(description: "cancelled")
        /// Two transactions were in each other's way (serialization failure or deadlock): run it again.
        public static let serializationFailure = Code(description: "serializationFailure")
        /// A row does not hold what it was read as.
        public static let malformedRow = Code(description: "malformedRow")
        /// A connection string or a use of the API that can't work.
        public static let invalidConfiguration = Code(description: "invalidConfiguration")
        /// The applied migrations and the given ones disagree.
        public static let migrationMismatch = Code(description: "migrationMismatch")
        /// The pool, or the scope that lent this connection, has ended.
        public static let shutDown = Code(description: "shutDown")
        /// Anything else that the server refused; `sqlState` says what.
        public static let query = Code(description: "query")

        public static func constraintViolation(_ kind: ConstraintKind) -> Code {
            Code(description: "constraintViolation.\(kind)")
        }
    }

    public enum ConstraintKind: String, Hashable, Sendable, CaseIterable {
        case unique, foreignKey, check, notNull, exclusion, other
    }

    public let code: Code
    public let message: String
    /// Five characters, where the server answered.
    public let sqlState: String?
    /// The constraint that was violated.
    public let constraint: String?

    public init(_ code: Code, _ message: String = "", sqlState: String? = nil, constraint: String? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.constraint = constraint
    }

    /// The same call may succeed if it is made again.
    public var isTransient: Bool {
        switch self.code {
        case .connectionFailed, .serverUnavailable, .poolExhausted, .serializationFailure: true
        default: self.sqlState == "55P03" || self.isStaleStatement
        }
    }

    public var isConstraintViolation: Bool { self.code.description.hasPrefix("constraintViolation.") }

    public var description: String {
        let state = self.sqlState.map { " [\($0)]" } ?? ""
        return "\(self.code)\(state): \(self.message)"
    }
}

extension PostgresError {
    static let cancelled = PostgresError(.cancelled, "the task was cancelled")
    static let outOfTime = PostgresError(.statementTimeout, "the caller's time is over")

    /// The server forgot a prepared statement, or a migration changed what it returns: preparing it again helps.
    var isStaleStatement: Bool {
        self.sqlState == "26000" || self.sqlState == "0A000" && self.message.contains("cached plan must not change result type")
    }

    /// The server hangs up after this one.
    var endsConnection: Bool { self.code == .connectionFailed || self.code == .serverUnavailable }

    static func code(sqlState: String, message: String) -> Code {
        switch sqlState {
        case "23505": .constraintViolation(.unique)
        case "23503": .constraintViolation(.foreignKey)
        case "23514": .constraintViolation(.check)
        case "23502": .constraintViolation(.notNull)
        case "23P01": .constraintViolation(.exclusion)
        case "40001", "40P01": .serializationFailure
        case "57014": message.contains("statement timeout") ? .statementTimeout : .cancelled
        case "53300", "57P01", "57P02", "57P03", "57P05": .serverUnavailable
        case _ where sqlState.hasPrefix("23"): .constraintViolation(.other)
        case _ where sqlState.hasPrefix("08"): .connectionFailed
        default: .query
        }
    }
}
