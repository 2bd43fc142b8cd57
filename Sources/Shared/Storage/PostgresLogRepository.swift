internal import Domain
internal import Postgres

/// Reads below the oldest running transaction only: what is there is settled, what comes later sorts behind it.
struct PostgresLogRepository: LogRepository {
    private let postgres: PostgresPool
    private let bell: Doorbell

    init(postgres: PostgresPool, bell: Doorbell) {
        self.postgres = postgres
        self.bell = bell
    }

    /// Looked at once a read: a function in the list of columns would be called for every row.
    private static let snapshot = PostgresQuery(
        unescaped: "SELECT pg_snapshot_xmin(s) AS horizon, pg_snapshot_xmax(s) AS final FROM pg_current_snapshot() AS s")

    func interactions(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<Interaction> {
        try await self.read(
            """
            WITH now AS MATERIALIZED (\(Self.snapshot))
            SELECT now.horizon, now.final, i.xid, \(.loggedColumns)
            FROM now LEFT JOIN (
                SELECT * FROM interactions AS l
                WHERE (l.xid, l.id) > (\(position.transaction), \(position.id)) AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY l.xid, l.id LIMIT \(limit)
            ) AS i ON true
            ORDER BY i.xid, i.id
            """
        ) { row throws(PostgresError) in
            let interaction = try row.loggedInteraction(at: 3)
            return (interaction.id, interaction)
        }
    }

    func users(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<UserEvent> {
        try await self.read(
            """
            WITH now AS MATERIALIZED (\(Self.snapshot))
            SELECT now.horizon, now.final, entry.xid, entry.id, entry.erased, \(.userColumns), \(.standingColumns)
            FROM now LEFT JOIN (
                (SELECT l.xid, l.id, false AS erased FROM users AS l
                    WHERE (l.xid, l.id) > (\(position.transaction), \(position.id)) AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
                    ORDER BY l.xid, l.id LIMIT \(limit))
                UNION ALL
                (SELECT e.xid, e.user_id, true FROM erasures AS e
                    WHERE (e.xid, e.user_id) > (\(position.transaction), \(position.id)) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
                    ORDER BY e.xid, e.user_id LIMIT \(limit))
                ORDER BY xid, id LIMIT \(limit)
            ) AS entry ON true
            LEFT JOIN users AS u ON u.id = entry.id AND NOT entry.erased
            ORDER BY entry.xid, entry.id
            """
        ) { row throws(PostgresError) in
            let id = try row.int64(3)
            if try row.bool(4) { return (id, .erased(UserID(id))) }
            return (id, .changed(try row.user(at: 5), try row.standing(at: 5 + PostgresRow.userWidth)))
        }
    }

    func impressions(
        after position: LogPosition, since start: Timestamp, limit: Int
    ) async throws(RepositoryError) -> LogBatch<Impressions> {
        try await self.read(
            """
            WITH now AS MATERIALIZED (\(Self.snapshot))
            SELECT now.horizon, now.final, s.xid, s.id, s.user_id, s.shown, s.served_at
            FROM now LEFT JOIN (
                SELECT * FROM serving_log AS l
                WHERE (l.xid, l.id) > (\(position.transaction), \(position.id)) AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
                    AND NOT l.cached AND l.served_at >= \(.timestamp(start))
                ORDER BY l.xid, l.id LIMIT \(limit)
            ) AS s ON true
            ORDER BY s.xid, s.id
            """
        ) { row throws(PostgresError) in
            let shown = try row.int64Array(5).map { UserID($0) }
            return (
                try row.int64(3),
                Impressions(viewer: UserID(try row.int64(4)), shown: shown, time: Timestamp(microseconds: try row.timestamp(6)))
            )
        }
    }

    func interactionEstimate() async throws(RepositoryError) -> Int {
        try await translatingErrors {
            let rows = try await self.postgres.query(
                "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'interactions'::regclass")
            return try rows.first.map { row throws(PostgresError) in Int(try row.int64(0)) } ?? 0
        }
    }

    func doorbell(interval: Duration) -> AsyncStream<Void> { self.bell.rings(.log, interval: interval) }

    /// Columns 0 and 1 are the horizon and the end, which come even without entries; column 2 the transaction, null without an entry.
    private func read<Event: Hashable & Sendable>(
        _ statement: PostgresQuery, _ decode: (PostgresRow) throws(PostgresError) -> (id: Int64, event: Event)
    ) async throws(RepositoryError) -> LogBatch<Event> {
        do {
            let rows = try await self.postgres.query(statement)
            var batch = LogBatch<Event>(entries: [], horizon: 0)
            batch.entries.reserveCapacity(rows.count)
            for row in rows {
                batch.horizon = try row.uint64(0)
                batch.end = try row.uint64(1)
                guard let transaction = try row.optionalUInt64(2) else { continue }
                let (id, event) = try decode(row)
                batch.entries.append(LogEntry(position: LogPosition(transaction: transaction, id: id), event: event))
            }
            return batch
        } catch {
            throw RepositoryError(translating: error)
        }
    }
}
