internal import Domain
internal import Postgres

struct PostgresGateRepository: GateRepository {
    private let postgres: PostgresPool

    init(postgres: PostgresPool) { self.postgres = postgres }

    /// One statement. The viewer is read along with the candidates, which says whether they exist; the two arrays of people to leave out
    /// are found first, by the key of each pair and by the small index of severed pairs, and are mostly empty.
    func admissible(
        _ candidates: [UserID], for viewer: UserID, excludingSeen: Bool
    ) async throws(RepositoryError) -> [User] {
        let ids = candidates.map(\.rawValue) + [viewer.rawValue]
        return try await translatingErrors {
            let rows = try await self.postgres.query(
                """
                SELECT \(.userColumns) FROM users AS u
                WHERE u.id = ANY (\(ids))
                    AND u.id <> ALL (ARRAY(
                        SELECT s.target_user_id FROM pair_states AS s
                        WHERE s.user_id = \(viewer.rawValue) AND s.target_user_id = ANY (\(ids))
                            AND (s.blocked OR s.reported OR (\(excludingSeen) AND s.opinion IS NOT NULL))))
                    AND u.id <> ALL (ARRAY(
                        SELECT s.user_id FROM pair_states AS s
                        WHERE s.target_user_id = \(viewer.rawValue) AND s.user_id = ANY (\(ids)) AND (s.blocked OR s.reported)))
                """)
            guard try rows.contains(where: { row in try row.int64(0) == viewer.rawValue }) else {
                throw RepositoryError(.unknownUser, "no such viewer", missing: [viewer])
            }
            return try rows.users(in: candidates.filter { $0 != viewer })
        }
    }

    func isSevered(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool {
        try await translatingErrors {
            try await self.postgres.query(
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
