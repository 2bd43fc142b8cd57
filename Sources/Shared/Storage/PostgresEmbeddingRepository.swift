internal import Domain
internal import Postgres

struct PostgresEmbeddingRepository: EmbeddingRepository {
    private let postgres: PostgresPool
    /// People a round trip.
    private let chunk: Int

    init(postgres: PostgresPool, chunk: Int = 2000) {
        self.postgres = postgres
        self.chunk = chunk
    }

    func forEach(version: String, _ body: @Sendable ([Embedding]) async throws -> Void) async throws {
        var last: Int64 = 0
        while true {
            let after = last
            let embeddings = try await self.read(
                """
                SELECT user_id, embedding, target_embedding FROM user_embeddings
                WHERE model_version = \(version) AND user_id > \(after) ORDER BY user_id LIMIT \(self.chunk)
                """)
            guard let end = embeddings.last else { return }
            try await body(embeddings)
            guard embeddings.count == self.chunk else { return }
            last = end.userID.rawValue
        }
    }

    func embeddings(of ids: [UserID], version: String) async throws(RepositoryError) -> [Embedding] {
        guard !ids.isEmpty else { return [] }
        return try await self.read(
            """
            SELECT user_id, embedding, target_embedding FROM user_embeddings
            WHERE model_version = \(version) AND user_id = ANY (\(ids.map(\.rawValue)))
            """)
    }

    /// All in one transaction; people who were erased meanwhile are left out.
    func store(_ embeddings: [Embedding], version: String) async throws(RepositoryError) {
        try await translatingErrors {
            try await self.postgres.withTransaction { connection in
                _ = try await connection.query("SELECT pg_advisory_xact_lock_shared(lock_derived())")
                guard try await connection.query("SELECT FROM models WHERE version = \(version)").isEmpty else {
                    throw RepositoryError(.conflict, "the embeddings of a registered model do not change")
                }
                for start in stride(from: 0, to: embeddings.count, by: self.chunk) {
                    let part = embeddings[start..<min(start + self.chunk, embeddings.count)]
                    _ = try await connection.query(try Self.insertion(of: part, version: version))
                }
            }
        }
    }

    func remove(version: String) async throws(RepositoryError) {
        _ = try await translatingErrors {
            try await self.postgres.query("DELETE FROM user_embeddings WHERE model_version = \(version)")
        }
    }

    /// Each side travels as one long string of bytes, which the server cuts.
    private static func insertion(of part: ArraySlice<Embedding>, version: String) throws(RepositoryError) -> PostgresQuery {
        let dimension = part.first?.source.count ?? 0
        guard dimension > 0, part.allSatisfy({ $0.source.count == dimension && $0.target.count == dimension }) else {
            throw RepositoryError(.conflict, "the embeddings of one version have one dimension")
        }
        let width = dimension * MemoryLayout<Float>.size
        return """
            INSERT INTO user_embeddings (user_id, model_version, embedding, target_embedding)
            SELECT p.id, \(version),
                substring(\(FloatBytes.pack(part.lazy.map { $0.source })) FROM ((p.place - 1) * \(width))::integer + 1 FOR \(width)::integer),
                substring(\(FloatBytes.pack(part.lazy.map { $0.target })) FROM ((p.place - 1) * \(width))::integer + 1 FOR \(width)::integer)
            FROM unnest(\(part.map(\.userID.rawValue))) WITH ORDINALITY AS p(id, place)
            WHERE EXISTS (SELECT FROM users AS u WHERE u.id = p.id)
            """
    }

    private func read(_ statement: PostgresQuery) async throws(RepositoryError) -> [Embedding] {
        try await translatingErrors {
            try await self.postgres.query(statement).map { row in
                Embedding(userID: UserID(try row.int64(0)), source: try FloatBytes.read(row, 1), target: try FloatBytes.read(row, 2))
            }
        }
    }
}
