internal import Domain
internal import Postgres

struct PostgresUserRepository: UserRepository {
    let postgres: PostgresPool
    let bell: Doorbell

    init(postgres: PostgresPool, bell: Doorbell) {
        self.postgres = postgres
        self.bell = bell
    }

    func create(_ user: NewUser) async throws(RepositoryError) -> User {
        let created = try await translatingErrors {
            try await self.postgres.query(
                """
                INSERT INTO users AS u (name, age, gender, location, latitude, longitude, bio, interests)
                VALUES (\(user.name), \(user.age), \(user.gender?.rawValue), \(user.location), \(user.coordinate?.latitude),
                    \(user.coordinate?.longitude), \(user.bio), \(user.interests))
                RETURNING \(.userColumns)
                """
            ).map { row in try row.user() }
        }
        guard let created = created.first else { throw RepositoryError(.malformed, "the insertion returned nothing") }
        self.bell.ring(.log)
        return created
    }

    func user(_ id: UserID) async throws(RepositoryError) -> User? {
        try await translatingErrors {
            try await self.postgres.read(
                "SELECT \(.userColumns) FROM users AS u WHERE u.id = \(id.rawValue) AND u.banned_at IS NULL"
            ).first?.user()
        }
    }

    func users(_ ids: [UserID]) async throws(RepositoryError) -> [User] {
        guard !ids.isEmpty else { return [] }
        return try await translatingErrors {
            let rows = try await self.postgres.read(
                "SELECT \(.userColumns) FROM users AS u WHERE u.id = ANY (\(ids.map(\.rawValue))) AND u.banned_at IS NULL")
            return try rows.users(in: ids)
        }
    }

    /// A new place without coordinates takes the old ones away: none are better than wrong ones.
    func update(_ id: UserID, _ change: UserChange) async throws(RepositoryError) -> User? {
        let clearsBio = change.bio == .some(nil)
        let changed = try await translatingErrors {
            try await self.postgres.query(
                """
                UPDATE users AS u SET
                    name = coalesce(\(change.name), u.name),
                    age = coalesce(\(change.age), u.age),
                    gender = coalesce(\(change.gender?.rawValue), u.gender),
                    location = coalesce(\(change.location), u.location),
                    latitude = CASE WHEN coalesce(\(change.location), u.location) IS NOT DISTINCT FROM u.location THEN u.latitude END,
                    longitude = CASE WHEN coalesce(\(change.location), u.location) IS NOT DISTINCT FROM u.location THEN u.longitude END,
                    bio = CASE WHEN \(clearsBio) THEN NULL ELSE coalesce(\(change.bio ?? nil), u.bio) END,
                    interests = coalesce(\(change.interests), u.interests),
                    updated_at = now(), xid = pg_current_xact_id(), version = u.version + 1
                WHERE u.id = \(id.rawValue) AND u.banned_at IS NULL
                RETURNING \(.userColumns)
                """
            ).first?.user()
        }
        if changed != nil { self.bell.ring(.log) }
        return changed
    }

    func erase(_ id: UserID) async throws(RepositoryError) -> Erasure? {
        let erasure: Erasure? = try await translatingErrors {
            let rows = try await self.postgres.query("SELECT receipt::text, requested_at FROM erase_user(\(id.rawValue))")
            guard let row = rows.first, let receipt = try row.optionalString(0) else { return nil }
            return Erasure(receipt: receipt, userID: id, requestedAt: Timestamp(microseconds: try row.timestamp(1)))
        }
        if erasure != nil { self.bell.ring(.log) }
        return erasure
    }

    func erasure(_ receipt: String) async throws(RepositoryError) -> Erasure? {
        guard Self.isUUID(receipt) else { return nil }
        return try await translatingErrors {
            let rows = try await self.postgres.read(
                "SELECT receipt::text, user_id, requested_at, completed_at FROM erasures WHERE receipt = \(receipt)::uuid")
            guard let row = rows.first else { return nil }
            return Erasure(
                receipt: try row.string(0), userID: UserID(try row.int64(1)), requestedAt: Timestamp(microseconds: try row.timestamp(2)),
                completedAt: try row.optionalTimestamp(3).map(Timestamp.init(microseconds:)))
        }
    }

    func completeErasure(_ receipt: String) async throws(RepositoryError) -> Bool {
        guard Self.isUUID(receipt) else { return false }
        return try await translatingErrors {
            try await self.postgres.query(
                "UPDATE erasures SET completed_at = coalesce(completed_at, now()) WHERE receipt = \(receipt)::uuid"
            ).affectedRows > 0
        }
    }

    func list(_ query: UserQuery) async throws(RepositoryError) -> [User] {
        try await translatingErrors { try await self.postgres.read(Self.statement(for: query)).map { row in try row.user() } }
    }

    func count() async throws(RepositoryError) -> Int {
        try await translatingErrors { try await self.postgres.read("SELECT count(*) FROM users").first?.int(0) ?? 0 }
    }

    /// Only the filters that are set go into the text, so that each combination gets a plan of its own.
    private static func statement(for query: UserQuery) -> PostgresQuery {
        var statement: PostgresQuery = "SELECT \(.userColumns) FROM users AS u WHERE u.banned_at IS NULL"
        if let after = query.after { statement.append(" AND u.id > \(after.rawValue)") }
        if let location = query.location { statement.append(" AND u.location ILIKE \(Self.pattern(containing: location))") }
        if let age = query.minimumAge { statement.append(" AND u.age >= \(age)") }
        if let age = query.maximumAge { statement.append(" AND u.age <= \(age)") }
        if let gender = query.gender { statement.append(" AND u.gender = \(gender.rawValue)") }
        if let interest = query.interest { statement.append(" AND u.interests_folded @> ARRAY[lower(\(interest))]") }
        if let text = query.text { statement.append(" AND u.document @@ websearch_to_tsquery('simple', \(text))") }
        if let moment = query.activeSince { statement.append(" AND u.last_active_at >= \(.timestamp(moment))") }
        if let viewer = query.viewer?.rawValue {
            statement.append(
                """
                 AND NOT EXISTS (
                    SELECT FROM pair_states AS s
                    WHERE s.user_id = \(viewer) AND s.target_user_id = u.id AND (s.blocked OR s.reported))
                AND NOT EXISTS (
                    SELECT FROM pair_states AS s
                    WHERE s.target_user_id = \(viewer) AND s.user_id = u.id AND (s.blocked OR s.reported))
                """)
        }
        statement.append(" ORDER BY u.id LIMIT \(query.limit) OFFSET \(query.skip)")
        return statement
    }

    /// An `ILIKE` pattern in which nothing of `text` is special.
    private static func pattern(containing text: String) -> String {
        var pattern = "%"
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "\\" { pattern.unicodeScalars.append("\\") }
            pattern.unicodeScalars.append(character)
        }
        return pattern + "%"
    }

    /// The form in which receipts are given out.
    private static func isUUID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let isHyphen = [8, 13, 18, 23].map { bytes.count == 36 && bytes[$0] == UInt8(ascii: "-") }
        let digits = bytes.filter { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return digits.count == 32 && !isHyphen.contains(false)
    }
}

extension PostgresRows {
    /// The people read, in the order of `ids`; others are left out.
    func users(in ids: [UserID]) throws(PostgresError) -> [User] {
        var people = [UserID: User](minimumCapacity: self.count)
        for row in self {
            let user = try row.user()
            people[user.id] = user
        }
        return ids.compactMap { people[$0] }
    }
}
