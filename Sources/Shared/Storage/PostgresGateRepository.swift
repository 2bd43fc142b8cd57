internal import Domain
internal import Postgres

struct PostgresGateRepository: GateRepository {
    private let postgres: PostgresPool

    init(postgres: PostgresPool) { self.postgres = postgres }

    /// People kept away from one viewer, in one direction, that are worth reading before it is known who will be looked at.
    private static let capacity = 2000

    /// One statement: the viewer's row, and two arrays found by the key of each pair and by the small index of severed pairs.
    func outlook(of viewer: UserID, seen: SeenPolicy, among candidates: [UserID]?) async throws(RepositoryError) -> Outlook? {
        try await translatingErrors {
            let id = viewer.rawValue
            let ids = candidates?.map(\.rawValue)
            let limit = ids == nil ? Self.capacity + 1 : nil
            let rows = try await self.postgres.read(
                """
                SELECT \(.userColumns), \(.standingColumns), u.xid,
                    ARRAY(
                        SELECT s.target_user_id FROM pair_states AS s
                        WHERE s.user_id = \(id) \(Self.among(ids, "target_user_id"))
                            AND (s.blocked OR s.reported OR (\(seen.isExcluded) AND s.opinion IS NOT NULL
                                AND (s.opinion <> 2 OR s.updated_at >= coalesce(\(.timestamp(seen.passesSince)), '-infinity'))))
                        LIMIT \(limit)),
                    ARRAY(
                        SELECT s.user_id FROM pair_states AS s
                        WHERE s.target_user_id = \(id) \(Self.among(ids, "user_id")) AND (s.blocked OR s.reported) LIMIT \(limit))
                FROM users AS u WHERE u.id = \(id) AND u.banned_at IS NULL
                """)
            guard let row = rows.first else { throw RepositoryError(.unknownUser, "no such viewer", missing: [viewer]) }
            let end = PostgresRow.userWidth + PostgresRow.standingWidth
            let (left, received) = (try row.int64Array(end + 1), try row.int64Array(end + 2))
            if ids == nil, max(left.count, received.count) > Self.capacity { return nil }
            return Outlook(
                viewer: Person(try row.user(), try row.standing(at: PostgresRow.userWidth)), position: try row.uint64(end),
                barred: Set((left + received).lazy.map(UserID.init(_:))))
        }
    }

    private static func among(_ ids: [Int64]?, _ column: String) -> PostgresQuery {
        guard let ids else { return "" }
        return "AND s.\(unescaped: column) = ANY (\(ids))"
    }

    func visible(_ people: [UserID]) async throws(RepositoryError) -> [Person] {
        guard !people.isEmpty else { return [] }
        return try await translatingErrors {
            try await self.postgres.read(
                """
                SELECT \(.userColumns), \(.standingColumns) FROM users AS u
                WHERE u.id = ANY (\(people.map(\.rawValue))) AND u.banned_at IS NULL AND NOT u.paused
                """
            ).map { row throws(PostgresError) in Person(try row.user(), try row.standing(at: PostgresRow.userWidth)) }
        }
    }

    func isSevered(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool {
        try await translatingErrors {
            try await self.postgres.read(
                """
                SELECT EXISTS (
                    SELECT FROM pair_states AS s
                    WHERE s.user_id = \(first.rawValue) AND s.target_user_id = \(second.rawValue) AND (s.blocked OR s.reported))
                OR EXISTS (
                    SELECT FROM pair_states AS s
                    WHERE s.user_id = \(second.rawValue) AND s.target_user_id = \(first.rawValue) AND (s.blocked OR s.reported))
                """
            ).first?.bool(0) ?? false
        }
    }
}
