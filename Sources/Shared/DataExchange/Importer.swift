internal import Domain
public import Logging
public import Postgres

/// Reads people and interactions from files into the store, streamed, by COPY, in transactions of at most 10,000 rows.
///
/// A bad row is reported and skipped. Each transaction saves how far it came, so an import that was broken off goes on there when it is
/// started again; one that is repeated finds its rows and doubles none. Interactions are recorded in the order of the file's batches and,
/// within one, of their times.
public struct Importer: Sendable {
    /// A batch takes well under a second; this is for a server that has much else to do.
    private static let statementTimeout: Duration = .seconds(120)

    private let pool: PostgresPool
    private let logger: Logger

    public init(pool: PostgresPool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    /// Reads `users.csv` or JSONL with the same keys.
    ///
    /// - Parameter progress: Called after each transaction.
    /// - Throws: ``ExchangeError`` if the file can't be understood at all, or `PostgresError`; what was committed before stays.
    public func importUsers(
        from path: String, options: ImportOptions = ImportOptions(), progress: (@Sendable (ImportProgress) -> Void)? = nil
    ) async throws -> ImportSummary {
        try await self.run(UserImport.self, path, options, progress)
    }

    /// Reads `interactions.csv`, `.tsv` or JSONL with the same keys. People who are met here alone get bare profiles.
    ///
    /// - Parameter progress: Called after each transaction.
    /// - Throws: ``ExchangeError`` if the file can't be understood at all, or `PostgresError`; what was committed before stays.
    public func importInteractions(
        from path: String, options: ImportOptions = ImportOptions(), progress: (@Sendable (ImportProgress) -> Void)? = nil
    ) async throws -> ImportSummary {
        try await self.run(InteractionImport.self, path, options, progress)
    }

    /// The numbers that external identifiers got, by identifier.
    ///
    /// - Parameter after: The last one of the page before.
    public func externalIdentifiers(
        after: String = "", limit: Int = 1000
    ) async throws(PostgresError) -> [(external: String, userID: Int64)] {
        let rows = try await self.pool.query(
            "SELECT external_id, user_id FROM external_ids WHERE external_id > \(after) ORDER BY external_id LIMIT \(limit)")
        var page: [(external: String, userID: Int64)] = []
        for row in rows { page.append((try row.string(0), try row.int64(1))) }
        return page
    }

    // MARK: The run

    private func run<Target: ImportTarget>(
        _ target: Target.Type, _ path: String, _ options: ImportOptions, _ progress: (@Sendable (ImportProgress) -> Void)?
    ) async throws -> ImportSummary {
        let format = try options.format ?? FileFormat(path: path)
        let file = try FileReader(path: path)
        let key = "\(Target.name):\(try await file.digest()):\(format.rawValue):\(options.fingerprint)"
        var position = try await self.begin(key)
        let line = position.bytes == 0 ? 1 : try await file.line(at: position.bytes)
        var source = try await RowSource(
            file: file, path: path, format: format, layout: Target.layout, offset: position.bytes, line: line)
        var summary = ImportSummary()
        summary.resumedRows = position.rows
        var isFinished = false
        while !isFinished {
            var items: [Target.Item] = []
            while items.count < options.batchSize {
                guard let row = try await source.next() else {
                    isFinished = true
                    break
                }
                summary.rows += 1
                (position.bytes, position.rows) = (row.end, position.rows + 1)
                do throws(RowError) {
                    items.append(try Target.item(try row.values.get(), options))
                } catch {
                    summary.reject(line: row.line, error.reason)
                }
            }
            try Task.checkCancellation()
            summary.add(try await self.commit(Target.self, items, key: key, position: position, isFinished: isFinished))
            progress?(ImportProgress(rows: summary.rows, bytes: isFinished ? file.size : position.bytes, totalBytes: file.size))
        }
        self.logger.debug("import finished", metadata: ["import.rows": "\(summary.rows)", "import.rejected": "\(summary.rejectedCount)"])
        return summary
    }

    private struct Position {
        var rows: Int
        var bytes: Int
        let startedAt: Timestamp
    }

    /// One that was finished starts over and finds what it wrote.
    private func begin(_ key: String) async throws(PostgresError) -> Position {
        let rows = try await self.pool.query(
            """
            INSERT INTO imports AS i (key) VALUES (\(key))
            ON CONFLICT (key) DO UPDATE SET
                rows_done = CASE WHEN i.finished THEN 0 ELSE i.rows_done END,
                bytes_done = CASE WHEN i.finished THEN 0 ELSE i.bytes_done END,
                finished = false, updated_at = now()
            RETURNING rows_done, bytes_done, started_at
            """)
        guard let row = rows.first else { throw PostgresError(.malformedRow, "the import was not registered") }
        return Position(rows: try row.int(0), bytes: try row.int(1), startedAt: Timestamp(microseconds: try row.timestamp(2)))
    }

    /// Rows and position in one transaction. Deadlocks and the like are tried again.
    private func commit<Target: ImportTarget>(
        _ target: Target.Type, _ items: [Target.Item], key: String, position: Position, isFinished: Bool
    ) async throws -> BatchOutcome {
        var attempt = 1
        while true {
            do {
                return try await self.pool.withTransaction { connection in
                    try await connection.setStatementTimeout(Self.statementTimeout)
                    var outcome = BatchOutcome()
                    if !items.isEmpty { outcome = try await Target.apply(items, startedAt: position.startedAt, on: connection) }
                    _ = try await connection.query(
                        """
                        UPDATE imports SET rows_done = \(position.rows), bytes_done = \(position.bytes), finished = \(isFinished),
                            updated_at = now()
                        WHERE key = \(key)
                        """)
                    return outcome
                }
            } catch let error as PostgresError where error.code == .serializationFailure && attempt < 5 {
                attempt += 1
            }
        }
    }
}

extension ImportSummary {
    fileprivate mutating func add(_ outcome: BatchOutcome) {
        self.inserted += outcome.inserted
        self.updated += outcome.updated
        self.duplicates += outcome.duplicates
        self.bareProfiles += outcome.bareProfiles
    }
}
