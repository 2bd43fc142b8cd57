internal import Crypto
internal import Domain
internal import Postgres

struct PostgresModelRepository: ModelRepository {
    private let postgres: PostgresPool
    private let bell: Doorbell

    init(postgres: PostgresPool, bell: Doorbell) {
        self.postgres = postgres
        self.bell = bell
    }

    private static let columns = PostgresQuery(
        unescaped: """
            m.version, m.schema_version, m.checksum, m.created_at, m.is_active,
            ARRAY(SELECT e.key FROM jsonb_each_text(m.metrics) AS e ORDER BY e.key),
            ARRAY(SELECT e.value::double precision FROM jsonb_each_text(m.metrics) AS e ORDER BY e.key),
            ARRAY(SELECT e.key FROM jsonb_each_text(m.lineage) AS e ORDER BY e.key),
            ARRAY(SELECT e.value FROM jsonb_each_text(m.lineage) AS e ORDER BY e.key),
            m.activated_at
            """)

    func models() async throws(RepositoryError) -> [ModelRecord] {
        try await translatingErrors {
            try await self.postgres.query("SELECT \(Self.columns) FROM models AS m ORDER BY m.created_at DESC, m.id DESC")
                .map { row in try Self.record(row) }
        }
    }

    func active() async throws(RepositoryError) -> ModelRecord? {
        try await translatingErrors {
            try await self.postgres.query("SELECT \(Self.columns) FROM models AS m WHERE m.is_active").first.map { row in
                try Self.record(row)
            }
        }
    }

    func artefact(_ version: String) async throws(RepositoryError) -> [UInt8]? {
        try await translatingErrors {
            let rows = try await self.postgres.query("SELECT artefact, checksum FROM models WHERE version = \(version)")
            guard let row = rows.first else { return nil }
            let artefact = try row.bytes(0)
            try Self.check(artefact, against: try row.string(1))
            return artefact
        }
    }

    func register(_ record: ModelRecord, artefact: [UInt8]) async throws(RepositoryError) {
        try await translatingErrors {
            try Self.check(artefact, against: record.checksum)
            _ = try await self.postgres.query(
                """
                INSERT INTO models (version, schema_version, checksum, metrics, lineage, artefact, created_at)
                SELECT \(record.version), \(Int32(record.schemaVersion)), \(record.checksum),
                    coalesce((
                        SELECT jsonb_object_agg(m.key, m.value)
                        FROM unnest(\(Array(record.metrics.keys)), \(Array(record.metrics.values))) AS m(key, value)), '{}'),
                    jsonb_object(\(Array(record.lineage.keys)), \(Array(record.lineage.values))),
                    \(artefact), \(.timestamp(record.createdAt))
                """)
        }
    }

    func activate(_ version: String) async throws(RepositoryError) -> Bool {
        let isKnown = try await translatingErrors {
            try await self.postgres.withTransaction { connection in
                // Two activations at once would meet in the index that allows one active model only.
                _ = try await connection.query("LOCK TABLE models IN SHARE ROW EXCLUSIVE MODE")
                let known = try await connection.query("SELECT FROM models WHERE version = \(version)")
                guard !known.isEmpty else { return false }
                _ = try await connection.query("UPDATE models SET is_active = false WHERE is_active AND version <> \(version)")
                _ = try await connection.query(
                    "UPDATE models SET is_active = true, activated_at = now() WHERE version = \(version) AND NOT is_active")
                return true
            }
        }
        if isKnown { self.bell.ring(.models) }
        return isKnown
    }

    func changes(interval: Duration) -> AsyncStream<Void> { self.bell.rings(.models, interval: interval) }

    private static func check(_ artefact: [UInt8], against checksum: String) throws(RepositoryError) {
        let digits = Array("0123456789abcdef".utf8)
        let sum = SHA256.hash(data: artefact).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        guard sum == Array(checksum.utf8) else { throw RepositoryError(.malformed, "the artefact does not match its checksum") }
    }

    private static func record(_ row: PostgresRow) throws(PostgresError) -> ModelRecord {
        ModelRecord(
            version: try row.string(0), schemaVersion: try row.int(1), checksum: try row.string(2),
            metrics: Dictionary(zip(try row.stringArray(5), try row.doubleArray(6))) { first, _ in first },
            lineage: Dictionary(zip(try row.stringArray(7), try row.stringArray(8))) { first, _ in first },
            createdAt: Timestamp(microseconds: try row.timestamp(3)), isActive: try row.bool(4),
            activatedAt: try row.optionalTimestamp(9).map(Timestamp.init(microseconds:)))
    }
}
