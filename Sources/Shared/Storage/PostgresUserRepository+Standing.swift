internal import Domain
internal import Postgres

extension PostgresUserRepository {
    func preferences(of id: UserID) async throws(RepositoryError) -> Preferences? {
        try await translatingErrors {
            try await self.postgres.query(
                "SELECT \(.standingColumns) FROM users AS u WHERE u.id = \(id.rawValue) AND u.banned_at IS NULL"
            ).first?.standing(at: 0).preferences
        }
    }

    func setPreferences(_ preferences: Preferences, of id: UserID) async throws(RepositoryError) -> Bool {
        let required = preferences.requiredInterests.isEmpty ? nil : preferences.requiredInterests
        let excluded = preferences.excludedInterests.isEmpty ? nil : preferences.excludedInterests
        return try await self.change(
            """
            UPDATE users SET
                seeks_genders = \(Gender.mask(preferences.genders)), seeks_min_age = \(preferences.minimumAge),
                seeks_max_age = \(preferences.maximumAge), seeks_within_km = \(preferences.maximumDistance),
                requires_interests = \(required), excludes_interests = \(excluded),
                intent = \(preferences.intent.map { $0.index }), paused = \(preferences.isPaused),
                xid = pg_current_xact_id(), version = version + 1
            WHERE id = \(id.rawValue) AND banned_at IS NULL
            """)
    }

    /// Under the person's lock: whatever is being recorded about them is there before the ban, and nothing is after it.
    func setBan(_ isBanned: Bool, of id: UserID) async throws(RepositoryError) -> Bool {
        let isKnown = try await translatingErrors {
            try await self.postgres.withTransaction { connection in
                _ = try await connection.query("SELECT pg_advisory_xact_lock(lock_person(\(id.rawValue)))")
                return try await connection.query(
                    """
                    UPDATE users SET banned_at = CASE WHEN \(isBanned) THEN coalesce(banned_at, now()) END,
                        xid = pg_current_xact_id(), version = version + 1
                    WHERE id = \(id.rawValue)
                    """
                ).affectedRows > 0
            }
        }
        if isKnown { self.bell.ring(.log) }
        return isKnown
    }

    func exists(_ id: UserID) async throws(RepositoryError) -> Bool {
        try await translatingErrors { try await self.postgres.query("SELECT FROM users WHERE id = \(id.rawValue)").count > 0 }
    }

    private func change(_ statement: PostgresQuery) async throws(RepositoryError) -> Bool {
        let isKnown = try await translatingErrors { try await self.postgres.query(statement).affectedRows > 0 }
        if isKnown { self.bell.ring(.log) }
        return isKnown
    }
}
