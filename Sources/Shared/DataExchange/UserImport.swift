internal import Domain
internal import Postgres

/// People with their profiles. One who is there already, perhaps bare, gets what the file says.
enum UserImport: ImportTarget {
    struct Item: Sendable {
        let id: ImportedIdentifier
        let name: String
        let age: Int64?
        let gender: Gender?
        let location: String?
        let bio: String?
        let interests: [String]
        let coordinate: Coordinate?
        let createdAt: Timestamp?
    }

    static var layout: Layout { .users }
    static var name: String { "users" }

    static func item(_ fields: FieldReader, _ options: ImportOptions) throws(RowError) -> Item {
        let id = try fields.identifier(0, options.identifiers)
        guard let name = try fields.limitedWord(1, atMost: 100) else { throw RowError("name is missing") }
        let age = try fields.integer(2, in: 18...120)
        var gender: Gender?
        if let word = try fields.word(3) {
            gender = Gender(rawValue: word.lowercased())
            guard gender != nil else { throw RowError("gender is none of male, female, other") }
        }
        return Item(
            id: id, name: name, age: age, gender: gender, location: try fields.limitedWord(4, atMost: 200),
            bio: try fields.limitedText(5, atMost: 1000), interests: try fields.interests(6), coordinate: try self.coordinate(fields),
            createdAt: try fields.timestamp(9))
    }

    private static func coordinate(_ fields: FieldReader) throws(RowError) -> Coordinate? {
        switch (try fields.number(7, in: -90...90), try fields.number(8, in: -180...180)) {
        case (let latitude?, let longitude?): return Coordinate(latitude: latitude, longitude: longitude)
        case (nil, nil): return nil
        default: throw RowError("latitude and longitude come together or not at all")
        }
    }

    static func apply(_ items: [Item], startedAt: Timestamp, on connection: PostgresConnection) async throws -> BatchOutcome {
        let map = try await IdentifierMap.resolving(items.map(\.id), on: connection)
        try await self.stage(items, map, on: connection)
        // The last of several rows about one person counts.
        _ = try await connection.query(
            "DELETE FROM staged_users AS a USING staged_users AS b WHERE a.id = b.id AND a.ordinal < b.ordinal")
        let updated = try await connection.query(
            """
            UPDATE users AS u SET
                name = s.name, age = s.age, gender = s.gender, location = s.location, latitude = s.latitude, longitude = s.longitude,
                bio = s.bio, interests = s.interests, created_at = coalesce(s.created_at, u.created_at),
                updated_at = now(), xid = pg_current_xact_id(), version = u.version + 1
            FROM staged_users AS s
            WHERE u.id = s.id
                AND (u.name, u.age, u.gender, u.location, u.latitude, u.longitude, u.bio, u.interests, u.created_at)
                    IS DISTINCT FROM (s.name, s.age, s.gender, s.location, s.latitude, s.longitude, s.bio, s.interests,
                        coalesce(s.created_at, u.created_at))
            """
        ).affectedRows
        let inserted = try await connection.query(
            """
            INSERT INTO users (id, name, age, gender, location, latitude, longitude, bio, interests, created_at)
            SELECT s.id, s.name, s.age, s.gender, s.location, s.latitude, s.longitude, s.bio, s.interests,
                coalesce(s.created_at, \(.timestamp(microseconds: startedAt.rawValue)))
            FROM staged_users AS s
            WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.id = s.id)
            ORDER BY s.id
            ON CONFLICT (id) DO NOTHING
            """
        ).affectedRows
        _ = try await connection.query("SELECT advance_user_ids()")
        return BatchOutcome(inserted: inserted, updated: updated, duplicates: items.count - inserted - updated)
    }

    private static func stage(_ items: [Item], _ map: IdentifierMap, on connection: PostgresConnection) async throws {
        try await connection.execute(
            script: """
                CREATE TEMPORARY TABLE staged_users (
                    ordinal bigint, id bigint, name text, age smallint, gender text, location text, latitude double precision,
                    longitude double precision, bio text, interests text[], created_at timestamptz
                ) ON COMMIT DROP
                """)
        var rows = CopyText()
        for (ordinal, item) in items.enumerated() {
            rows.append(Int64(ordinal))
            rows.append(try map.number(of: item.id))
            rows.append(item.name)
            rows.append(item.age)
            rows.append(item.gender?.rawValue)
            rows.append(item.location)
            rows.append(item.coordinate?.latitude)
            rows.append(item.coordinate?.longitude)
            rows.append(item.bio)
            rows.append(item.interests)
            rows.append(item.createdAt)
            rows.endRow()
        }
        _ = try await connection.copyIn("COPY staged_users FROM STDIN") { writer in try await writer.write(rows.bytes) }
    }
}
