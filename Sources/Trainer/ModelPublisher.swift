internal import Domain
internal import Models

/// Stores embeddings and registers models, in the order that keeps readers whole: factors, artefact, activation.
struct ModelPublisher: Sendable {
    let models: any ModelRepository
    let embeddings: any EmbeddingRepository

    private static let chunk = 2000

    /// `v` and the time of training; with a number behind it if that is taken.
    func freeVersion(at moment: Timestamp) async throws -> String {
        let digits = moment.iso8601.filter(\.isNumber).prefix(14)
        let base = "v\(digits.prefix(8)).\(digits.dropFirst(8))"
        let taken = Set(try await self.models.models().map(\.version))
        var version = base
        var number = 2
        while taken.contains(version) {
            version = "\(base).\(number)"
            number += 1
        }
        return version
    }

    func publish(
        _ model: PipelineModel, lineage: [String: String], users: [User], factors: FactorTable, activates: Bool,
        _ reporter: ProgressReporter
    ) async throws {
        let stored = reporter.begin(.publishing, total: users.count)
        do {
            for start in stride(from: 0, to: users.count, by: Self.chunk) {
                try Task.checkCancellation()
                let end = min(users.count, start + Self.chunk)
                let chunk = (start..<end).compactMap { factors.embedding($0, users[$0].id) }
                if !chunk.isEmpty { try await self.embeddings.store(chunk, version: model.embeddingVersion) }
                stored(end)
            }
            let bytes = model.encode()
            let record = ModelRecord(
                version: model.version, schemaVersion: model.personSchemaVersion, checksum: PipelineModel.checksum(of: bytes),
                metrics: model.metrics, lineage: lineage, createdAt: model.createdAt)
            try await self.models.register(record, artefact: bytes)
        } catch {
            // Factors without a model are of no use; that this fails, too, must not hide why.
            try? await self.embeddings.remove(version: model.embeddingVersion)
            throw error
        }
        if activates { _ = try await self.models.activate(model.version) }
    }
}
