internal import Domain
internal import Postgres

/// Matches come from `match_events`, likes from the log itself; one sequence numbers both. As with the log, what is below the oldest running
/// transaction is settled, and nothing is read beyond.
struct PostgresEventRepository: EventRepository {
    private let postgres: PostgresPool
    private let bell: Doorbell

    init(postgres: PostgresPool, bell: Doorbell) {
        self.postgres = postgres
        self.bell = bell
    }

    func settledEnd() async throws(RepositoryError) -> LogPosition {
        try await translatingErrors {
            let rows = try await self.postgres.read("SELECT pg_snapshot_xmin(pg_current_snapshot())")
            guard let row = rows.first else { throw RepositoryError(.malformed, "there is no snapshot") }
            return LogPosition(transaction: try row.uint64(0), id: 0)
        }
    }

    func events(
        of person: UserID, after position: LogPosition, includingLikes: Bool, limit: Int
    ) async throws(RepositoryError) -> PairEventBatch {
        let id = person.rawValue
        var source: PostgresQuery = """
            (SELECT m.xid, m.id, CASE WHEN m.opened THEN 'match' ELSE 'unmatch' END AS kind, m.other_id, m.occurred_at
            FROM match_events AS m
            WHERE m.user_id = \(id) AND (m.xid, m.id) > (\(position.transaction), \(position.id))
                AND m.xid < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY m.xid, m.id LIMIT \(limit))
            """
        if includingLikes {
            source.append(
                """
                 UNION ALL
                (SELECT i.xid, i.id, CASE i.kind WHEN 3 THEN 'super_like' ELSE 'like' END, i.user_id, i.occurred_at
                FROM interactions AS i
                WHERE i.target_user_id = \(id) AND i.kind IN (1, 3) AND (i.xid, i.id) > (\(position.transaction), \(position.id))
                    AND i.xid < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY i.xid, i.id LIMIT \(limit))
                """)
        }
        let query: PostgresQuery = """
            SELECT e.xid, e.id, e.kind, e.other_id, e.occurred_at,
                EXISTS (
                    SELECT FROM pair_states AS s
                    WHERE s.user_id = \(id) AND s.target_user_id = e.other_id AND (s.blocked OR s.reported))
                OR EXISTS (
                    SELECT FROM pair_states AS s
                    WHERE s.user_id = e.other_id AND s.target_user_id = \(id) AND (s.blocked OR s.reported))
                OR (SELECT count(*) FROM users AS u WHERE u.id IN (\(id), e.other_id) AND u.banned_at IS NULL) < 2 AS hidden
            FROM (SELECT * FROM (\(source)) AS found ORDER BY xid, id LIMIT \(limit)) AS e
            ORDER BY e.xid, e.id
            """
        return try await translatingErrors {
            let rows = try await self.postgres.read(query)
            var batch = PairEventBatch(events: [], position: position, isComplete: rows.count < limit)
            for row in rows {
                batch.position = LogPosition(transaction: try row.uint64(0), id: try row.int64(1))
                guard try !row.bool(5) else { continue }
                guard let kind = PairEvent.Kind(rawValue: try row.string(2)) else {
                    throw PostgresError(.malformedRow, "unknown kind of event")
                }
                batch.events.append(
                    PairEvent(
                        position: batch.position, kind: kind, other: UserID(try row.int64(3)),
                        time: Timestamp(microseconds: try row.timestamp(4))))
            }
            return batch
        }
    }

    func recipients(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<UserID> {
        try await translatingErrors {
            let rows = try await self.postgres.read(
                """
                WITH now AS MATERIALIZED (
                    SELECT pg_snapshot_xmin(s) AS horizon, pg_snapshot_xmax(s) AS final FROM pg_current_snapshot() AS s)
                SELECT now.horizon, now.final, e.xid, e.id, e.user_id
                FROM now LEFT JOIN (
                    (SELECT m.xid, m.id, m.user_id FROM match_events AS m
                    WHERE (m.xid, m.id) > (\(position.transaction), \(position.id)) AND m.xid < pg_snapshot_xmin(pg_current_snapshot())
                    ORDER BY m.xid, m.id LIMIT \(limit))
                    UNION ALL
                    (SELECT i.xid, i.id, i.target_user_id FROM interactions AS i
                    WHERE (i.xid, i.id) > (\(position.transaction), \(position.id)) AND i.kind IN (1, 3)
                        AND i.xid < pg_snapshot_xmin(pg_current_snapshot())
                    ORDER BY i.xid, i.id LIMIT \(limit))
                    ORDER BY xid, id LIMIT \(limit)
                ) AS e ON true
                ORDER BY e.xid, e.id
                """)
            var batch = LogBatch<UserID>(entries: [], horizon: 0)
            for row in rows {
                batch.horizon = try row.uint64(0)
                batch.end = try row.uint64(1)
                guard let transaction = try row.optionalUInt64(2) else { continue }
                let position = LogPosition(transaction: transaction, id: try row.int64(3))
                batch.entries.append(LogEntry(position: position, event: UserID(try row.int64(4))))
            }
            return batch
        }
    }

    func doorbell(interval: Duration) -> AsyncStream<Void> { self.bell.rings(.log, interval: interval) }
}
