internal import Domain
public import Logging
public import Postgres

/// Writes people and interactions to files that ``Importer`` reads back without loss, streamed, from one snapshot of the store.
public struct Exporter: Sendable {
    private let pool: PostgresPool
    private let logger: Logger

    public init(pool: PostgresPool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    /// What an export wrote.
    public struct Summary: Hashable, Sendable {
        public let users: Int
        public let interactions: Int
    }

    /// Writes `users.csv` and `interactions.csv`. A file appears under its name when it is whole.
    ///
    /// - Parameter progress: Called with the rows written so far.
    /// - Throws: ``ExchangeError/Code/unwritableFile`` or `PostgresError`.
    public func export(
        users usersPath: String, interactions interactionsPath: String, progress: (@Sendable (Int) -> Void)? = nil
    ) async throws -> Summary {
        let users = try FileWriter(path: usersPath)
        let interactions = try FileWriter(path: interactionsPath)
        let summary = try await self.pool.withTransaction(isolation: .repeatableRead, readOnly: true) { connection in
            try await connection.setStatementTimeout(.zero)
            let people = try await Self.copy(Self.usersQuery, to: users, on: connection, from: 0, progress)
            let rows = try await Self.copy(Self.interactionsQuery, to: interactions, on: connection, from: people, progress)
            return Summary(users: people, interactions: rows)
        }
        try await users.commit()
        try await interactions.commit()
        self.logger.debug("exported", metadata: ["export.users": "\(summary.users)", "export.interactions": "\(summary.interactions)"])
        return summary
    }

    /// The server writes the CSV: it quotes the empty string and leaves NULL unquoted.
    private static func copy(
        _ query: String, to file: FileWriter, on connection: PostgresConnection, from start: Int, _ progress: (@Sendable (Int) -> Void)?
    ) async throws -> Int {
        var rows = 0
        let count = try await connection.copyOut("COPY (\(query)) TO STDOUT (FORMAT csv, HEADER)") { chunk in
            // A line end inside quotes counts as well: the figure is for a progress bar.
            rows += chunk.count { $0 == UInt8(ascii: "\n") }
            try await file.write(chunk)
            progress?(start + rows)
        }
        return count
    }

    private static func time(_ column: String) -> String {
        #"to_char(\#(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#
    }

    private static let usersQuery = """
        SELECT id, name, age, gender, location, bio, to_json(interests) AS interests, latitude, longitude,
            \(time("created_at")) AS created_at
        FROM users ORDER BY id
        """

    /// In the order of the log; the identifier, which the format has no room for, is given anew by the import in the same order.
    ///
    /// A lifted block is left out, and with it what it took back: an import has no way to lift a block, and would bring that back.
    private static let interactionsQuery = """
        WITH lifted AS (SELECT user_id, target_user_id, max(id) AS id FROM interactions WHERE kind = 7 GROUP BY user_id, target_user_id)
        SELECT i.user_id, i.target_user_id,
            CASE i.kind \(InteractionKind.recordable.map { "WHEN \($0.code) THEN '\($0.rawValue)'" }.joined(separator: " ")) END
                AS interaction_type,
            \(time("i.occurred_at")) AS "timestamp", nullif(i.context, '{}') AS context
        FROM interactions AS i LEFT JOIN lifted AS l ON l.user_id = i.user_id AND l.target_user_id = i.target_user_id AND l.id > i.id
        WHERE i.kind <> 7 AND (l.id IS NULL OR i.kind = 5 OR i.kind IN (2, 6) AND NOT EXISTS (
            SELECT FROM interactions AS b
            WHERE b.user_id = i.user_id AND b.target_user_id = i.target_user_id AND b.kind = 4 AND b.id > i.id AND b.id < l.id))
        ORDER BY i.id
        """
}
