internal import Domain
internal import Postgres

struct PostgresServingLogRepository: ServingLogRepository {
    private let postgres: PostgresPool

    init(postgres: PostgresPool) { self.postgres = postgres }

    /// One statement for all rows: their entries travel as three long arrays, which the server cuts by the lengths.
    ///
    /// Someone erased while the rows waited to be written was not in the table for the erasure to find, hence the look at the erasures of
    /// the last hour, under the lock that erasures take.
    func append(_ lists: [ServedList]) async throws(RepositoryError) {
        guard !lists.isEmpty else { return }
        let entries = lists.flatMap(\.entries)
        var ends: [Int64] = []
        for list in lists { ends.append((ends.last ?? 0) + Int64(list.entries.count)) }
        let statement: PostgresQuery = """
            WITH erased AS MATERIALIZED (
                SELECT coalesce(array_agg(user_id), '{}') AS ids FROM erasures WHERE requested_at > now() - interval '1 hour'
            ), entries AS MATERIALIZED (
                SELECT \(entries.map(\.userID.rawValue)) AS ids, \(entries.map(\.score)) AS scores,
                    \(entries.map { Int32(bitPattern: $0.sources.rawValue) }) AS sources
            )
            INSERT INTO serving_log (
                request_id, list_id, user_id, served_at, model_version, variant, shown, scores, sources, degraded, cached)
            SELECT l.request_id, l.list_id, l.user_id, to_timestamp(0) + l.served_at * interval '1 microsecond', l.model_version,
                nullif(l.variant, ''),
                CASE WHEN e.ids[l.start + 1:l.stop] && erased.ids THEN ARRAY(
                    SELECT CASE WHEN s.id = ANY (erased.ids) THEN 0 ELSE s.id END
                    FROM unnest(e.ids[l.start + 1:l.stop]) WITH ORDINALITY AS s(id, place) ORDER BY s.place)
                ELSE e.ids[l.start + 1:l.stop] END,
                e.scores[l.start + 1:l.stop], e.sources[l.start + 1:l.stop], string_to_array(l.degraded, ','), l.cached
            FROM erased, entries AS e, unnest(
                \(lists.map(\.requestID)), \(lists.map(\.listID)), \(lists.map(\.userID.rawValue)), \(lists.map(\.servedAt.rawValue)),
                \(lists.map(\.modelVersion)), \(lists.map { $0.variant ?? "" }), \(zip(ends, lists).map { $0 - Int64($1.entries.count) }),
                \(ends), \(lists.map { $0.degraded.joined(separator: ",") }), \(lists.map(\.isCached))
            ) AS l(request_id, list_id, user_id, served_at, model_version, variant, start, stop, degraded, cached)
            WHERE l.user_id <> ALL (erased.ids)
            """
        try await translatingErrors {
            try await self.postgres.withTransaction { connection in
                _ = try await connection.query("SELECT pg_advisory_xact_lock_shared(lock_derived())")
                _ = try await connection.query(statement)
            }
        }
    }

    func served(to user: UserID, limit: Int) async throws(RepositoryError) -> [ServedList] {
        try await translatingErrors {
            try await self.postgres.query(
                """
                SELECT request_id, list_id, served_at, model_version, variant, shown, scores, sources, degraded, cached
                FROM serving_log WHERE user_id = \(user.rawValue) ORDER BY served_at DESC, id DESC LIMIT \(limit)
                """
            ).map { row in
                let (shown, scores, sources) = (try row.int64Array(5), try row.floatArray(6), try row.int32Array(7))
                guard shown.count == scores.count, shown.count == sources.count else {
                    throw PostgresError(.malformedRow, "an impression without its score or sources")
                }
                return ServedList(
                    requestID: try row.string(0), listID: try row.string(1), userID: user,
                    servedAt: Timestamp(microseconds: try row.timestamp(2)), modelVersion: try row.string(3),
                    variant: try row.optionalString(4),
                    entries: shown.indices.map { index in
                        ServedList.Entry(
                            userID: UserID(shown[index]), score: scores[index],
                            sources: CandidateSources(rawValue: UInt32(bitPattern: sources[index])))
                    },
                    degraded: try row.stringArray(8), isCached: try row.bool(9))
            }
        }
    }
}
