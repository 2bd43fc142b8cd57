internal import Domain
internal import Postgres

struct PostgresPairRepository: PairRepository {
    private let postgres: PostgresPool

    init(postgres: PostgresPool) { self.postgres = postgres }

    func admirers(of user: UserID, after mark: PageMark?, limit: Int) async throws(RepositoryError) -> [Admirer] {
        var statement: PostgresQuery = """
            SELECT s.updated_at, s.opinion, \(.userColumns)
            FROM pair_states AS s JOIN users AS u ON u.id = s.user_id AND u.banned_at IS NULL
            WHERE s.target_user_id = \(user.rawValue) AND s.opinion IN (1, 3) AND NOT s.blocked AND NOT s.reported
                AND NOT EXISTS (
                    SELECT FROM pair_states AS own
                    WHERE own.user_id = \(user.rawValue) AND own.target_user_id = s.user_id
                        AND (own.opinion IS NOT NULL OR own.blocked OR own.reported))
            """
        if let mark { statement.append(" AND (s.updated_at, s.user_id) < (\(.timestamp(mark.time)), \(mark.id))") }
        statement.append(" ORDER BY s.updated_at DESC, s.user_id DESC LIMIT \(limit)")
        let query = statement
        return try await translatingErrors {
            try await self.postgres.read(query).map { row in
                Admirer(
                    user: try row.user(at: 2), likedAt: Timestamp(microseconds: try row.timestamp(0)), isSuperLike: try row.int16(1) == 3)
            }
        }
    }

    func matches(of user: UserID, after mark: PageMark?, limit: Int) async throws(RepositoryError) -> [Match] {
        var statement: PostgresQuery = """
            SELECT m.created_at, \(.userColumns)
            FROM (
                SELECT high AS other, created_at FROM matches WHERE low = \(user.rawValue) AND ended_at IS NULL
                UNION ALL
                SELECT low, created_at FROM matches WHERE high = \(user.rawValue) AND ended_at IS NULL
            ) AS m JOIN users AS u ON u.id = m.other AND u.banned_at IS NULL
            """
        if let mark { statement.append(" WHERE (m.created_at, m.other) < (\(.timestamp(mark.time)), \(mark.id))") }
        statement.append(" ORDER BY m.created_at DESC, m.other DESC LIMIT \(limit)")
        let query = statement
        return try await translatingErrors {
            try await self.postgres.read(query).map { row in
                Match(user: try row.user(at: 1), since: Timestamp(microseconds: try row.timestamp(0)))
            }
        }
    }
}
