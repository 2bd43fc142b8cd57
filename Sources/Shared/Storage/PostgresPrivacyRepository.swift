internal import Domain
internal import Postgres

struct PostgresPrivacyRepository: PrivacyRepository {
    private let postgres: PostgresPool
    /// People a round trip.
    private let chunk: Int

    init(postgres: PostgresPool, chunk: Int = 1000) {
        self.postgres = postgres
        self.chunk = chunk
    }

    func personalData(of user: UserID) async throws(RepositoryError) -> [PersonalDataPart]? {
        let parts = try await translatingErrors {
            try await self.postgres.query(
                """
                SELECT part, content::text FROM personal_data(\(user.rawValue))
                UNION ALL SELECT 'preferences', p::text FROM preferences_of(\(user.rawValue)) AS p WHERE p IS NOT NULL
                """
            ).map { row in
                PersonalDataPart(name: try row.string(0), json: try row.string(1))
            }
        }
        return parts.contains { $0.name == "profile" } ? parts : nil
    }

    func pendingErasures(limit: Int) async throws(RepositoryError) -> [Erasure] {
        try await translatingErrors {
            try await self.postgres.query(
                """
                SELECT receipt::text, user_id, requested_at FROM erasures
                WHERE completed_at IS NULL ORDER BY requested_at LIMIT \(limit)
                """
            ).map { row in
                Erasure(
                    receipt: try row.string(0), userID: UserID(try row.int64(1)), requestedAt: Timestamp(microseconds: try row.timestamp(2)))
            }
        }
    }

    func traces(of user: UserID) async throws(RepositoryError) -> [String] {
        try await translatingErrors {
            try await self.postgres.query("SELECT t FROM traces_of(\(user.rawValue)) AS t").map { row in try row.string(0) }
        }
    }

    /// By a cursor in one transaction: the keys are made once, and a million people fit through a small memory.
    func forEachAnonymised(sharing: Int, _ body: @concurrent ([AnonymisedPerson]) async throws -> Void) async throws {
        // Digits and a number: a cursor's declaration takes no parameters.
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<4).map { _ in String(UInt64.random(in: 0 ... .max, using: &generator), radix: 16) }.joined(separator: ".")
        try await self.postgres.withTransaction(isolation: .repeatableRead, readOnly: true) { connection in
            try await connection.execute(
                script: """
                    DECLARE people NO SCROLL CURSOR FOR
                    SELECT key, age_band, gender, location, interests, joined, likes_sent, passes_sent, likes_received, matches
                    FROM anonymised_people('\(salt)', \(sharing))
                    """)
            while true {
                let people = try await connection.query("FETCH \(unescaped: String(self.chunk)) FROM people").map { row in
                    AnonymisedPerson(
                        key: try row.string(0), ageBand: try row.optionalInt(1),
                        gender: try row.optionalString(2).flatMap { Gender(rawValue: $0) }, location: try row.optionalString(3),
                        interests: try row.stringArray(4), joined: try row.string(5), likesSent: try row.int(6), passesSent: try row.int(7),
                        likesReceived: try row.int(8), matches: try row.int(9))
                }
                if people.isEmpty { return }
                try await body(people)
            }
        }
    }
}
