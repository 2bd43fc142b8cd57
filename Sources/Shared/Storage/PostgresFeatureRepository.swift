internal import Domain
internal import Postgres

struct PostgresFeatureRepository: FeatureRepository {
    private let postgres: PostgresPool
    /// How often the holder of a lease makes sure that its connection, and so the lease, still stands.
    private let leaseCheck: Duration

    init(postgres: PostgresPool, leaseCheck: Duration = .seconds(2)) {
        self.postgres = postgres
        self.leaseCheck = leaseCheck
    }

    func features(of ids: [UserID], schemaVersion: Int) async throws(RepositoryError) -> [StoredFeatures] {
        guard !ids.isEmpty else { return [] }
        return try await translatingErrors {
            try await self.postgres.query(
                """
                SELECT user_id, feature_set::text, computed_at FROM user_features
                WHERE version = \(schemaVersion) AND user_id = ANY (\(ids.map(\.rawValue)))
                """
            ).map { row in
                guard let values = FeatureSetJSON.decode(try row.string(1)) else {
                    throw RepositoryError(.malformed, "a feature set that is no object of numbers")
                }
                return StoredFeatures(
                    userID: UserID(try row.int64(0)), schemaVersion: schemaVersion, values: values,
                    computedAt: Timestamp(microseconds: try row.timestamp(2)))
            }
        }
    }

    func position(of consumer: String) async throws(RepositoryError) -> LogPosition {
        try await translatingErrors {
            let rows = try await self.postgres.query("SELECT xid, id FROM consumer_positions WHERE consumer = \(consumer)")
            guard let row = rows.first else { return .start }
            return LogPosition(transaction: try row.uint64(0), id: try row.int64(1))
        }
    }

    /// People who were erased meanwhile get no row.
    func save(
        _ features: [StoredFeatures], consumer: String, expected: LogPosition, position: LogPosition
    ) async throws(RepositoryError) {
        var sets: [String] = []
        for feature in features {
            guard let set = FeatureSetJSON.encode(feature.values) else {
                throw RepositoryError(.malformed, "a feature that is not a finite number")
            }
            sets.append(set)
        }
        let documents = sets
        try await translatingErrors {
            try await self.postgres.withTransaction { connection in
                let moved = try await connection.query(
                    """
                    INSERT INTO consumer_positions AS p (consumer, xid, id)
                    SELECT \(consumer), \(position.transaction), \(position.id)
                    WHERE \(expected == .start) OR EXISTS (SELECT FROM consumer_positions WHERE consumer = \(consumer))
                    ON CONFLICT (consumer) DO UPDATE SET xid = excluded.xid, id = excluded.id, updated_at = now()
                    WHERE p.xid = \(expected.transaction) AND p.id = \(expected.id)
                    """)
                guard moved.affectedRows == 1 else {
                    throw RepositoryError(.conflict, "the consumer does not stand where it was expected")
                }
                guard !features.isEmpty else { return }
                _ = try await connection.query("SELECT pg_advisory_xact_lock_shared(lock_derived())")
                _ = try await connection.query(
                    """
                    INSERT INTO user_features AS f (user_id, version, feature_set, computed_at)
                    SELECT n.user_id, n.version, n.feature_set::jsonb, to_timestamp(0) + n.computed_at * interval '1 microsecond'
                    FROM unnest(
                        \(features.map(\.userID.rawValue)), \(features.map { Int32($0.schemaVersion) }), \(documents),
                        \(features.map(\.computedAt.rawValue))) AS n(user_id, version, feature_set, computed_at)
                    WHERE EXISTS (SELECT FROM users AS u WHERE u.id = n.user_id)
                    ON CONFLICT (version, user_id) DO UPDATE SET feature_set = excluded.feature_set, computed_at = excluded.computed_at
                    """)
            }
        }
    }

    /// The lease is a session's advisory lock on a connection of its own: it ends with the process, whatever becomes of it. Should the
    /// connection break, `body` is cancelled.
    func withLease<Result: Sendable>(
        _ name: String, _ body: @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await self.postgres.withConnection { connection in
            let rows = try await connection.query("SELECT pg_try_advisory_lock(hashtextextended(\(name), 0))")
            guard try rows.first?.bool(0) == true else { return nil }
            return try await self.holding(name, on: connection, body)
        }
    }

    private func holding<Result: Sendable>(
        _ name: String, on connection: PostgresConnection, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(try await self.watching(connection, body))
        } catch {
            outcome = .failure(error)
        }
        // A task of its own, awaited here: where the caller was cancelled, the lease must be given back all the same.
        let release = Task { try await connection.query("SELECT pg_advisory_unlock(hashtextextended(\(name), 0))") }
        _ = try? await release.value
        return try outcome.get()
    }

    private func watching<Result: Sendable>(
        _ connection: PostgresConnection, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withoutActuallyEscaping(body) { body in
            try await withThrowingTaskGroup(of: Result?.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    while true {
                        try await Task.sleep(for: self.leaseCheck)
                        _ = try await connection.query("SELECT 1")
                    }
                }
                defer { group.cancelAll() }
                guard let result = try await group.next() ?? nil else { throw RepositoryError(.unavailable, "the lease was lost") }
                return result
            }
        }
    }
}
