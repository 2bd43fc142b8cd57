internal import Domain
internal import Postgres

struct PostgresInteractionRepository: InteractionRepository {
    private let postgres: PostgresPool
    private let bell: Doorbell

    init(postgres: PostgresPool, bell: Doorbell) {
        self.postgres = postgres
        self.bell = bell
    }

    func record(_ interaction: NewInteraction) async throws(RepositoryError) -> RecordedInteraction {
        let recorded = try await translatingErrors {
            let rows = try await self.postgres.query(
                """
                SELECT missing, recorded_id, recorded_at, matched, recorded_xid
                FROM record_interaction(
                    \(interaction.userID.rawValue), \(interaction.targetUserID.rawValue), \(interaction.kind.code),
                    \(.timestamp(interaction.timestamp)), \(.json(interaction.context)))
                """)
            guard let row = rows.first else { throw RepositoryError(.malformed, "the recording returned nothing") }
            if let missing = try row.optionalInt64Array(0) {
                throw RepositoryError(.unknownUser, "no such person", missing: missing.map(UserID.init(_:)))
            }
            return RecordedInteraction(
                interaction: Interaction(
                    id: try row.int64(1), userID: interaction.userID, targetUserID: interaction.targetUserID, kind: interaction.kind,
                    timestamp: Timestamp(microseconds: try row.timestamp(2)), context: interaction.context),
                matched: try row.bool(3), position: try row.uint64(4))
        }
        self.bell.ring(.log)
        return recorded
    }

    func interactions(of user: UserID, _ query: InteractionQuery) async throws(RepositoryError) -> [Interaction] {
        var statement: PostgresQuery =
            "SELECT \(.interactionColumns) FROM interactions AS i WHERE i.user_id = \(user.rawValue) AND i.kind <> 7"
        if let kind = query.kind { statement.append(" AND i.kind = \(kind.code)") }
        if let from = query.from { statement.append(" AND i.occurred_at >= \(.timestamp(from))") }
        if let to = query.to { statement.append(" AND i.occurred_at <= \(.timestamp(to))") }
        if let mark = query.after { statement.append(" AND (i.occurred_at, i.id) < (\(.timestamp(mark.time)), \(mark.id))") }
        statement.append(" ORDER BY i.occurred_at DESC, i.id DESC LIMIT \(query.limit) OFFSET \(query.skip)")
        return try await self.interactions(statement)
    }

    func statistics(of user: UserID) async throws(RepositoryError) -> InteractionStatistics {
        try await translatingErrors {
            let rows = try await self.postgres.read(
                """
                SELECT true, kind, count(*) FROM interactions WHERE user_id = \(user.rawValue) AND kind <> 7 GROUP BY kind
                UNION ALL
                SELECT false, kind, count(*) FROM interactions WHERE target_user_id = \(user.rawValue) AND kind <> 7 GROUP BY kind
                """)
            var statistics = InteractionStatistics()
            for row in rows {
                if try row.bool(0) {
                    statistics.sent[try row.kind(1)] = try row.int(2)
                } else {
                    statistics.received[try row.kind(1)] = try row.int(2)
                }
            }
            return statistics
        }
    }

    func between(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> [Interaction] {
        try await self.interactions(
            """
            SELECT \(.interactionColumns) FROM interactions AS i
            WHERE i.kind <> 7 AND ((i.target_user_id = \(first.rawValue) AND i.user_id = \(second.rawValue))
                OR (i.target_user_id = \(second.rawValue) AND i.user_id = \(first.rawValue)))
            ORDER BY i.occurred_at DESC, i.id DESC
            """)
    }

    func isMatch(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool {
        let (low, high) = (min(first, second).rawValue, max(first, second).rawValue)
        return try await translatingErrors {
            try await self.postgres.read(
                "SELECT EXISTS (SELECT FROM matches WHERE low = \(low) AND high = \(high) AND ended_at IS NULL)"
            ).first?.bool(0) ?? false
        }
    }

    func timeline(
        of user: UserID, since: Timestamp, intervalDays days: Int
    ) async throws(RepositoryError) -> [TimelineBucket] {
        try await translatingErrors {
            let rows = try await self.postgres.read(
                """
                SELECT floor(extract(epoch FROM occurred_at) / (86400 * \(days)))::bigint AS interval, kind, count(*)
                FROM interactions
                WHERE user_id = \(user.rawValue) AND kind <> 7 AND occurred_at >= \(.timestamp(since))
                GROUP BY interval, kind ORDER BY interval
                """)
            var buckets: [TimelineBucket] = []
            for row in rows {
                let start = Timestamp(seconds: try row.int64(0) * 86_400 * Int64(days))
                if buckets.last?.start != start { buckets.append(TimelineBucket(start: start, counts: [:])) }
                buckets[buckets.count - 1].counts[try row.kind(1)] = try row.int(2)
            }
            return buckets
        }
    }

    func liftBlock(by blocker: UserID, of blocked: UserID) async throws(RepositoryError) -> Bool {
        let wasLifted = try await translatingErrors {
            try await self.postgres.query("SELECT lift_block(\(blocker.rawValue), \(blocked.rawValue))").first?.bool(0) ?? false
        }
        if wasLifted { self.bell.ring(.log) }
        return wasLifted
    }

    private func interactions(_ statement: PostgresQuery) async throws(RepositoryError) -> [Interaction] {
        try await translatingErrors { try await self.postgres.read(statement).map { row in try row.interaction() } }
    }
}
