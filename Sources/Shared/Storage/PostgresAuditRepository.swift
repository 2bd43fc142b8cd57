internal import Domain
internal import Postgres

struct PostgresAuditRepository: AuditRepository {
    private let postgres: PostgresPool

    init(postgres: PostgresPool) { self.postgres = postgres }

    func append(_ entry: AuditEntry) async throws(RepositoryError) {
        _ = try await translatingErrors {
            try await self.postgres.query(
                """
                INSERT INTO audit_log (occurred_at, actor, role, action, target, request_id)
                VALUES (\(.timestamp(entry.time)), \(entry.actor), \(entry.role), \(entry.action), \(entry.target), \(entry.requestID))
                """)
        }
    }

    func entries(before: Int64?, limit: Int) async throws(RepositoryError) -> [AuditEntry] {
        try await translatingErrors {
            try await self.postgres.query(
                """
                SELECT id, occurred_at, actor, role, action, target, request_id FROM audit_log
                WHERE id < \(before ?? Int64.max) ORDER BY id DESC LIMIT \(limit)
                """
            ).map { row in
                AuditEntry(
                    id: try row.int64(0), time: Timestamp(microseconds: try row.timestamp(1)), actor: try row.string(2),
                    role: try row.string(3), action: try row.string(4), target: try row.string(5), requestID: try row.string(6))
            }
        }
    }
}
