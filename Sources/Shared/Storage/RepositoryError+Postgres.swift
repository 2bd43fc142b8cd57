internal import Domain
internal import Postgres

extension RepositoryError {
    /// The one place where a failure of PostgreSQL becomes one of a repository.
    init(translating error: any Error) {
        switch error {
        case let error as RepositoryError: self = error
        case let error as PostgresError: self.init(Self.code(of: error), error.description, cause: error)
        case is CancellationError: self.init(.deadlineExceeded, "cancelled", cause: error)
        default: self.init(.unavailable, "\(type(of: error))", cause: error)
        }
    }

    private static func code(of error: PostgresError) -> Code {
        if error.isConstraintViolation { return .conflict }
        switch error.code {
        case .statementTimeout, .cancelled: return .deadlineExceeded
        case .malformedRow, .migrationMismatch: return .malformed
        case .query: return Self.code(sqlState: error.sqlState ?? "", isTransient: error.isTransient)
        default: return .unavailable
        }
    }

    /// Classes of SQLSTATE: 22 data exception, 25 invalid transaction state (a server that became a read-only standby),
    /// 53 insufficient resources, 55 object not in the prerequisite state, 57 operator intervention, 58 system error.
    private static func code(sqlState: String, isTransient: Bool) -> Code {
        switch sqlState.prefix(2) {
        case "22": .conflict
        case "25", "53", "55", "57", "58": .unavailable
        default: isTransient ? .unavailable : .malformed
        }
    }
}

/// Runs `body` and lets nothing out but a ``RepositoryError``.
func translatingErrors<Result: Sendable>(_ body: () async throws -> sending Result) async throws(RepositoryError) -> Result {
    do {
        return try await body()
    } catch {
        throw RepositoryError(translating: error)
    }
}
