public import Domain

extension InMemoryStore: ModelRepository {
    public func models() async throws(RepositoryError) -> [ModelRecord] {
        try self.access { (state) throws(RepositoryError) in
            let models = state.models.map(\.record).enumerated()
            return models.sorted { ($0.element.createdAt, $0.offset) > ($1.element.createdAt, $1.offset) }.map(\.element)
        }
    }

    public func active() async throws(RepositoryError) -> ModelRecord? {
        try self.access { (state) throws(RepositoryError) in state.models.map(\.record).first(where: \.isActive) }
    }

    public func artefact(_ version: String) async throws(RepositoryError) -> [UInt8]? {
        try self.access { (state) throws(RepositoryError) in
            guard let model = state.models.first(where: { $0.record.version == version }) else { return nil }
            guard sha256(model.artefact) == model.record.checksum else {
                throw RepositoryError(.malformed, "the artefact does not match its checksum")
            }
            return model.artefact
        }
    }

    public func register(_ record: ModelRecord, artefact: [UInt8]) async throws(RepositoryError) {
        try self.access { (state) throws(RepositoryError) in
            guard sha256(artefact) == record.checksum else {
                throw RepositoryError(.malformed, "the artefact does not match its checksum")
            }
            guard !state.models.contains(where: { $0.record.version == record.version }) else {
                throw RepositoryError(.conflict, "the version is registered")
            }
            var record = record
            record.isActive = false
            state.models.append((record, artefact))
        }
    }

    public func activate(_ version: String) async throws(RepositoryError) -> Bool {
        let isKnown = try self.access { (state) throws(RepositoryError) in
            guard state.models.contains(where: { $0.record.version == version }) else { return false }
            for index in state.models.indices {
                let isChosen = state.models[index].record.version == version
                if isChosen, !state.models[index].record.isActive { state.models[index].record.activatedAt = self.time }
                state.models[index].record.isActive = isChosen
            }
            return true
        }
        if isKnown { self.ring(.models) }
        return isKnown
    }

    public func changes(interval: Duration) -> AsyncStream<Void> { self.rings(.models, interval: interval) }
}
