internal import Domain
internal import Postgres

extension PostgresQuery {
    /// What ``Domain/User`` is read from, of a table or sub-query named `u`.
    static let userColumns = PostgresQuery(
        unescaped: """
            u.id, u.name, u.age, u.gender, u.location, u.latitude, u.longitude, u.bio, u.interests, u.created_at, u.updated_at, \
            u.last_active_at
            """)

    /// What ``Domain/Standing`` is read from, of a table or sub-query named `u`.
    static let standingColumns = PostgresQuery(
        unescaped: """
            u.seeks_genders, u.seeks_min_age, u.seeks_max_age, u.seeks_within_km, u.requires_interests, u.excludes_interests, u.intent, \
            u.paused, u.banned_at IS NOT NULL
            """)

    /// What ``Domain/Interaction`` is read from, of a table or sub-query named `i`.
    static let interactionColumns = PostgresQuery(
        unescaped: "i.id, i.user_id, i.target_user_id, i.kind, i.occurred_at, i.context::text")

    /// The same without its context, which nobody copies.
    static let loggedColumns = PostgresQuery(unescaped: "i.id, i.user_id, i.target_user_id, i.kind, i.occurred_at")
}

extension PostgresRow {
    /// Reads ``Postgres/PostgresQuery/userColumns`` from `first` on.
    func user(at first: Int = 0) throws(PostgresError) -> User {
        var coordinate: Coordinate?
        if let latitude = try self.optionalDouble(first + 5), let longitude = try self.optionalDouble(first + 6) {
            coordinate = Coordinate(latitude: latitude, longitude: longitude)
        }
        var gender: Gender?
        if let name = try self.optionalString(first + 3) {
            guard let value = Gender(rawValue: name) else { throw PostgresError(.malformedRow, "unknown gender") }
            gender = value
        }
        return User(
            id: UserID(try self.int64(first)), name: try self.string(first + 1), age: try self.optionalInt(first + 2), gender: gender,
            location: try self.optionalString(first + 4), coordinate: coordinate, bio: try self.optionalString(first + 7),
            interests: try self.stringArray(first + 8), createdAt: Timestamp(microseconds: try self.timestamp(first + 9)),
            updatedAt: try self.optionalTimestamp(first + 10).map(Timestamp.init(microseconds:)),
            lastActiveAt: try self.optionalTimestamp(first + 11).map(Timestamp.init(microseconds:)))
    }

    /// How many columns ``user(at:)`` reads.
    static var userWidth: Int { 12 }
    /// How many columns ``standing(at:)`` reads.
    static var standingWidth: Int { 9 }

    /// Reads ``Postgres/PostgresQuery/standingColumns`` from `first` on.
    func standing(at first: Int) throws(PostgresError) -> Standing {
        var standing = Standing(isBanned: try self.bool(first + 8))
        standing.preferences.genders = Gender.allCases(in: try self.optionalInt(first) ?? 0)
        standing.preferences.minimumAge = try self.optionalInt(first + 1)
        standing.preferences.maximumAge = try self.optionalInt(first + 2)
        standing.preferences.maximumDistance = try self.optionalDouble(first + 3)
        if try !self.isNull(first + 4) { standing.preferences.requiredInterests = try self.stringArray(first + 4) }
        if try !self.isNull(first + 5) { standing.preferences.excludedInterests = try self.stringArray(first + 5) }
        if let code = try self.optionalInt(first + 6) {
            guard let intent = Intent.allCases.first(where: { $0.index == code }) else {
                throw PostgresError(.malformedRow, "unknown intent")
            }
            standing.preferences.intent = intent
        }
        standing.preferences.isPaused = try self.bool(first + 7)
        return standing
    }

    /// Reads ``Postgres/PostgresQuery/interactionColumns`` from `first` on.
    func interaction(at first: Int = 0) throws(PostgresError) -> Interaction {
        var interaction = try self.loggedInteraction(at: first)
        interaction.context = try self.string(first + 5)
        return interaction
    }

    /// Reads ``Postgres/PostgresQuery/loggedColumns`` from `first` on; the context is left empty.
    func loggedInteraction(at first: Int) throws(PostgresError) -> Interaction {
        Interaction(
            id: try self.int64(first), userID: UserID(try self.int64(first + 1)), targetUserID: UserID(try self.int64(first + 2)),
            kind: try self.kind(first + 3), timestamp: Timestamp(microseconds: try self.timestamp(first + 4)))
    }

    func kind(_ column: Int) throws(PostgresError) -> InteractionKind {
        guard let kind = InteractionKind(code: try self.int16(column)) else {
            throw PostgresError(.malformedRow, "unknown kind of interaction")
        }
        return kind
    }
}

extension PostgresParameter {
    static func timestamp(_ timestamp: Timestamp?) -> PostgresParameter { .timestamp(microseconds: timestamp?.rawValue) }
}

extension Gender {
    /// The bit of ``index``.
    static func mask(_ genders: [Gender]) -> Int? {
        genders.isEmpty ? nil : genders.reduce(0) { $0 | 1 << $1.index }
    }

    static func allCases(in mask: Int) -> [Gender] {
        mask == 0 ? [] : Self.allCases.filter { mask >> $0.index & 1 == 1 }
    }
}
