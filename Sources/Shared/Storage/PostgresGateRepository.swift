internal import Domain
internal import Postgres

struct PostgresGateRepository: GateRepository {
    private let postgres: PostgresPool

    init(postgres: PostgresPool) { self.postgres = postgres }

    /// One statement. The viewer is read along with the candidates, which says whether they exist and what they seek; the two arrays of
    /// people to leave out are found first, by the key of each pair and by the small index of severed pairs, and are mostly empty. Whether
    /// two people suit each other is decided here, by the rule that everybody else follows, too.
    func admission(
        of candidates: [UserID], to viewer: UserID, seen: SeenPolicy
    ) async throws(RepositoryError) -> Admission {
        let ids = candidates.map(\.rawValue) + [viewer.rawValue]
        return try await translatingErrors {
            let rows = try await self.postgres.read(
                """
                SELECT \(.userColumns), \(.standingColumns), u.xid FROM users AS u
                WHERE u.id = ANY (\(ids)) AND u.banned_at IS NULL AND (NOT u.paused OR u.id = \(viewer.rawValue))
                    AND u.id <> ALL (ARRAY(
                        SELECT s.target_user_id FROM pair_states AS s
                        WHERE s.user_id = \(viewer.rawValue) AND s.target_user_id = ANY (\(ids))
                            AND (s.blocked OR s.reported OR (\(seen.isExcluded) AND s.opinion IS NOT NULL
                                AND (s.opinion <> 2 OR s.updated_at >= coalesce(\(.timestamp(seen.passesSince)), '-infinity'))))))
                    AND u.id <> ALL (ARRAY(
                        SELECT s.user_id FROM pair_states AS s
                        WHERE s.target_user_id = \(viewer.rawValue) AND s.user_id = ANY (\(ids)) AND (s.blocked OR s.reported)))
                """)
            guard let own = try rows.first(where: { row in try row.int64(0) == viewer.rawValue }) else {
                throw RepositoryError(.unknownUser, "no such viewer", missing: [viewer])
            }
            let person = Person(try own.user(), try own.standing(at: PostgresRow.userWidth))
            var admitted = [UserID: User](minimumCapacity: rows.count)
            for row in rows {
                let other = Person(try row.user(), try row.standing(at: PostgresRow.userWidth))
                if other.user.id != viewer, person.suits(other) { admitted[other.user.id] = other.user }
            }
            return Admission(
                people: candidates.compactMap { admitted[$0] },
                viewerPosition: try own.uint64(PostgresRow.userWidth + PostgresRow.standingWidth))
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
