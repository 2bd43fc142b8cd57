internal import Domain
internal import Postgres

/// Rows of the interaction log. The pairs' states and the matches follow in the same transaction.
enum InteractionImport: ImportTarget {
    struct Item: Sendable {
        let user: ImportedIdentifier
        let target: ImportedIdentifier
        let kind: InteractionKind
        let timestamp: Timestamp?
        let context: String?
    }

    static var layout: Layout { .interactions }
    static var name: String { "interactions" }

    static func item(_ fields: FieldReader, _ options: ImportOptions) throws(RowError) -> Item {
        let user = try fields.identifier(0, options.identifiers)
        let target = try fields.identifier(1, options.identifiers)
        guard user != target else { throw RowError("an interaction with oneself") }
        var kind = InteractionKind.like
        if let word = try fields.word(2) {
            guard let named = InteractionKind(recordable: word.lowercased()) else {
                throw RowError("interaction_type is none of \(InteractionKind.recordable.map(\.rawValue).joined(separator: ", "))")
            }
            kind = named
        }
        return Item(user: user, target: target, kind: kind, timestamp: try fields.timestamp(3), context: try fields.object(4))
    }

    static func apply(_ items: [Item], startedAt: Timestamp, on connection: PostgresConnection) async throws -> BatchOutcome {
        // First, as the order of the locks wants it; the batch function takes it again.
        _ = try await connection.query("SELECT pg_advisory_xact_lock(lock_log())")
        let map = try await IdentifierMap.resolving(items.flatMap { [$0.user, $0.target] }, on: connection)
        try await self.stage(items, map, startedAt: startedAt, on: connection)
        let bareProfiles = try await connection.query(
            """
            INSERT INTO users (id, name, created_at)
            SELECT p.id, 'Person ' || p.id, \(.timestamp(microseconds: startedAt.rawValue))
            FROM (SELECT user_id AS id FROM staged_interactions UNION SELECT target_user_id FROM staged_interactions) AS p
            WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.id = p.id)
            ORDER BY p.id
            ON CONFLICT (id) DO NOTHING
            """
        ).affectedRows
        if bareProfiles > 0 { _ = try await connection.query("SELECT advance_user_ids()") }
        guard let row = try await connection.query("SELECT inserted, duplicates FROM apply_interactions_batch()").first else {
            throw PostgresError(.malformedRow, "apply_interactions_batch() returned nothing")
        }
        return BatchOutcome(inserted: try row.int(0), duplicates: try row.int(1), bareProfiles: bareProfiles)
    }

    private static func stage(
        _ items: [Item], _ map: IdentifierMap, startedAt: Timestamp, on connection: PostgresConnection
    ) async throws {
        try await connection.execute(
            script: """
                CREATE TEMPORARY TABLE staged_interactions (
                    ordinal bigint, user_id bigint, target_user_id bigint, kind smallint, occurred_at timestamptz, context jsonb
                ) ON COMMIT DROP
                """)
        var rows = CopyText()
        for (ordinal, item) in items.enumerated() {
            rows.append(Int64(ordinal))
            rows.append(try map.number(of: item.user))
            rows.append(try map.number(of: item.target))
            rows.append(Int64(item.kind.code))
            rows.append(item.timestamp ?? startedAt)
            rows.append(item.context)
            rows.endRow()
        }
        _ = try await connection.copyIn("COPY staged_interactions FROM STDIN") { writer in try await writer.write(rows.bytes) }
        try await connection.execute(script: "ANALYZE staged_interactions")
    }
}
