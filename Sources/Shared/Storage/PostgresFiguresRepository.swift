internal import Domain
internal import Postgres

struct PostgresFiguresRepository: FiguresRepository {
    private let postgres: PostgresPool

    init(postgres: PostgresPool) { self.postgres = postgres }

    /// Large tables are not counted row by row: what the last vacuum or analysis found is close enough.
    private static func count(_ table: StaticString) -> PostgresQuery {
        PostgresQuery(
            unescaped: """
                (SELECT CASE WHEN c.reltuples > 2000000 THEN c.reltuples::bigint ELSE (SELECT count(*) FROM \(table)) END
                FROM pg_class AS c WHERE c.oid = '\(table)'::regclass)
                """)
    }

    func figures(days: Int) async throws(RepositoryError) -> StoreFigures {
        let business = try await self.business()
        return try await translatingErrors {
            let daily = try await self.postgres.query(
                """
                SELECT day::text, interactions::bigint, active_users::bigint, likes::bigint, dislikes::bigint, new_users::bigint,
                    matches::bigint, answers::bigint
                FROM daily_metrics ORDER BY day DESC LIMIT \(days)
                """
            ).map { row in
                DayFigures(
                    day: try row.string(0), interactions: try row.int(1), activePeople: try row.int(2), likes: try row.int(3),
                    dislikes: try row.int(4), newPeople: try row.int(5), matches: try row.int(6), answers: try row.int(7))
            }
            let rows = try await self.postgres.query(
                """
                SELECT \(Self.count("users")), (SELECT count(*) FROM users WHERE last_active_at > now() - interval '7 days'),
                    \(Self.count("interactions")), (SELECT count(*) FROM matches WHERE ended_at IS NULL), \(Self.count("serving_log")),
                    (SELECT count(*) FROM erasures WHERE completed_at IS NULL),
                    (SELECT count(*) FROM erasures WHERE completed_at IS NOT NULL),
                    pg_database_size(current_database()), pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                    (SELECT refreshed_at FROM statistics_refreshes)
                """)
            guard let row = rows.first else { throw PostgresError(.malformedRow, "no figures") }
            return StoreFigures(
                people: try row.int(0), activePeople: try row.int(1), interactions: try row.int(2), openMatches: try row.int(3),
                answers: try row.int(4), pendingErasures: try row.int(5), completedErasures: try row.int(6), bytes: try row.int(7),
                logEnd: UInt64(max(0, try row.int64(8))), refreshedAt: try row.optionalTimestamp(9).map(Timestamp.init(microseconds:)),
                days: daily, business: business)
        }
    }

    func business() async throws(RepositoryError) -> [String: Double] {
        try await translatingErrors {
            let rows = try await self.postgres.query("SELECT name, value FROM business_metrics")
            var ratios: [String: Double] = [:]
            for row in rows { ratios[try row.string(0)] = try row.double(1) }
            return ratios
        }
    }

    func refreshWhenDue() async throws(RepositoryError) -> Bool {
        try await translatingErrors {
            // It may take longer than any request may.
            try await self.postgres.withTransaction { connection in
                _ = try await connection.query("SET LOCAL statement_timeout = '10min'")
                return try await connection.query("SELECT refresh_statistics_when_due()").first?.bool(0) ?? false
            }
        }
    }
}
