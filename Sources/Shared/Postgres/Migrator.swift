internal import Crypto
public import Logging

/// Brings a schema up to date, each step in a transaction of its own, one process at a time.
///
/// The table `schema_migrations` keeps what was applied with the SHA-256 of its text. A step that was changed afterwards, or one that is
/// missing or new in the middle, is refused before anything is done; steps that a newer version has applied after ours are left alone.
public struct Migrator: Sendable {
    /// Of the advisory lock that lets one process migrate: "DUETMIGR" in ASCII.
    static let lockKey: Int64 = 0x4455_4554_4D49_4752

    private let migrations: [Migration]
    private let logger: Logger

    public init(migrations: [Migration], logger: Logger) {
        self.migrations = migrations.sorted { $0.number < $1.number }
        self.logger = logger
    }

    /// - Returns: Labels of the steps that were applied now.
    /// - Throws: ``PostgresError/Code/migrationMismatch``, or what a step failed with; the steps before it stay applied.
    public func migrate(_ pool: PostgresPool) async throws -> [String] {
        try Self.checkNumbers(self.migrations)
        return try await pool.withConnection { connection in
            try await connection.setStatementTimeout(.zero)
            _ = try await connection.query("SELECT pg_advisory_lock(\(Self.lockKey))")
            do {
                let applied = try await self.applyPending(connection)
                _ = try await connection.query("SELECT pg_advisory_unlock(\(Self.lockKey))")
                return applied
            } catch {
                // The lock belongs to the session: an open transaction must end first.
                try? await connection.execute(script: "ROLLBACK; SELECT pg_advisory_unlock(\(Self.lockKey))")
                throw error
            }
        }
    }

    private func applyPending(_ connection: PostgresConnection) async throws(PostgresError) -> [String] {
        try await connection.execute(
            script: """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number integer PRIMARY KEY,
                    name text NOT NULL,
                    checksum text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now()
                )
                """)
        var applied: [AppliedMigration] = []
        for row in try await connection.query("SELECT number, name, checksum FROM schema_migrations ORDER BY number") {
            applied.append(AppliedMigration(number: try row.int(0), name: try row.string(1), checksum: try row.string(2)))
        }
        let pending = try Self.pending(self.migrations, applied: applied)
        for migration in pending {
            try await connection.execute(script: "BEGIN")
            try await connection.execute(script: migration.sql)
            _ = try await connection.query(
                """
                INSERT INTO schema_migrations (number, name, checksum)
                VALUES (\(Int32(migration.number)), \(migration.name), \(migration.checksum))
                """)
            try await connection.execute(script: "COMMIT")
            self.logger.debug("migration applied", metadata: ["migration": "\(migration.label)"])
        }
        return pending.map(\.label)
    }

    // MARK: Decisions

    struct AppliedMigration: Hashable, Sendable {
        let number: Int
        let name: String
        let checksum: String
    }

    static func checkNumbers(_ migrations: [Migration]) throws(PostgresError) {
        for (migration, next) in zip(migrations, migrations.dropFirst()) where migration.number == next.number {
            throw PostgresError(.migrationMismatch, "two migrations have number \(migration.number)")
        }
    }

    /// The steps to apply, in order.
    static func pending(_ migrations: [Migration], applied: [AppliedMigration]) throws(PostgresError) -> [Migration] {
        let known = Dictionary(uniqueKeysWithValues: migrations.map { ($0.number, $0) })
        let newest = migrations.last?.number ?? 0
        for step in applied {
            guard let migration = known[step.number] else {
                // Applied by a newer version that runs beside this one; a gap further down is a mistake.
                if step.number > newest { continue }
                throw PostgresError(.migrationMismatch, "migration \(step.number) (\(step.name)) is applied and not known here")
            }
            guard migration.checksum == step.checksum else {
                throw PostgresError(.migrationMismatch, "\(migration.label) was changed after it was applied")
            }
        }
        let last = applied.map(\.number).max() ?? 0
        let done = Set(applied.map(\.number))
        let pending = migrations.filter { !done.contains($0.number) }
        if let late = pending.first(where: { $0.number < last }) {
            throw PostgresError(.migrationMismatch, "\(late.label) is missing below migration \(last), which is applied")
        }
        return pending
    }
}

extension Migration {
    /// SHA-256 of the text, in lower-case hexadecimal.
    var checksum: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in SHA256.hash(data: Array(self.sql.utf8)) {
            text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
