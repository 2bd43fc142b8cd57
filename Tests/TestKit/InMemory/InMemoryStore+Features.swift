public import Domain

extension InMemoryStore: FeatureRepository {
    public func features(of ids: [UserID], schemaVersion: Int) async throws(RepositoryError) -> [StoredFeatures] {
        try self.access { (state) throws(RepositoryError) in ids.compactMap { state.features[schemaVersion]?[$0] } }
    }

    public func position(of consumer: String) async throws(RepositoryError) -> LogPosition {
        try self.access { (state) throws(RepositoryError) in state.positions[consumer] ?? .start }
    }

    public func save(
        _ features: [StoredFeatures], consumer: String, expected: LogPosition, position: LogPosition
    ) async throws(RepositoryError) {
        try self.access { (state) throws(RepositoryError) in
            guard features.allSatisfy({ $0.values.values.allSatisfy(\.isFinite) }) else {
                throw RepositoryError(.malformed, "a feature that is not a finite number")
            }
            guard state.positions[consumer] ?? .start == expected else {
                throw RepositoryError(.conflict, "the consumer does not stand where it was expected")
            }
            state.positions[consumer] = position
            for feature in features where state.users[feature.userID] != nil {
                state.features[feature.schemaVersion, default: [:]][feature.userID] = feature
            }
        }
    }

    public func withLease<Result: Sendable>(
        _ name: String, _ body: @Sendable () async throws -> Result
    ) async throws -> Result? {
        guard try self.access({ (state) throws(RepositoryError) in state.leases.insert(name).inserted }) else { return nil }
        defer { self.release(name) }
        return try await body()
    }
}

extension InMemoryStore: EmbeddingRepository {
    public func forEach(version: String, _ body: @Sendable ([Embedding]) async throws -> Void) async throws {
        let embeddings = try self.access { (state) throws(RepositoryError) in
            (state.embeddings[version] ?? [:]).values.sorted { $0.userID < $1.userID }
        }
        if !embeddings.isEmpty { try await body(embeddings) }
    }

    public func embeddings(of ids: [UserID], version: String) async throws(RepositoryError) -> [Embedding] {
        try self.access { (state) throws(RepositoryError) in ids.compactMap { state.embeddings[version]?[$0] } }
    }

    public func store(_ embeddings: [Embedding], version: String) async throws(RepositoryError) {
        try self.access { (state) throws(RepositoryError) in
            guard !state.models.contains(where: { $0.record.version == version }) else {
                throw RepositoryError(.conflict, "the embeddings of a registered model do not change")
            }
            let dimension = embeddings.first?.source.count ?? 0
            guard embeddings.allSatisfy({ $0.source.count == dimension && $0.target.count == dimension }),
                Set(embeddings.map(\.userID)).count == embeddings.count,
                embeddings.allSatisfy({ state.embeddings[version]?[$0.userID] == nil })
            else { throw RepositoryError(.conflict, "embeddings of different dimensions, or of one person twice") }
            for embedding in embeddings where state.users[embedding.userID] != nil {
                state.embeddings[version, default: [:]][embedding.userID] = embedding
            }
        }
    }

    public func remove(version: String) async throws(RepositoryError) {
        try self.access { (state) throws(RepositoryError) in state.embeddings[version] = nil }
    }
}

extension InMemoryStore: ServingLogRepository {
    public func append(_ lists: [ServedList]) async throws(RepositoryError) {
        try self.access { (state) throws(RepositoryError) in
            let erased = Set(state.erasures.map(\.erasure.userID))
            for var list in lists where !erased.contains(list.userID) {
                for id in erased { list.forget(id) }
                state.transaction += 1
                state.served.append((list, state.transaction))
            }
        }
    }

    public func served(to user: UserID, limit: Int) async throws(RepositoryError) -> [ServedList] {
        try self.access { (state) throws(RepositoryError) in
            let lists = state.served.enumerated().filter { $0.element.list.userID == user }
            return lists.sorted { ($0.element.list.servedAt, $0.offset) > ($1.element.list.servedAt, $1.offset) }.prefix(limit).map(\.element.list)
        }
    }
}

extension InMemoryStore {
    /// Gives a lease back, also while the store fails.
    fileprivate func release(_ name: String) { self.always { _ = $0.leases.remove(name) } }
}
