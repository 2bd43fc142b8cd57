internal import Domain
internal import Synchronization

/// Which models can be asked for, refreshed in the background.
final class ModelCatalogue: Sendable {
    private let repository: any ModelRepository
    private let pinned: String?
    private struct Known {
        var models: [ServedModel] = []
        var activeVersion = ""
    }

    private let known = Mutex(Known())

    /// - Parameter pinned: The version that stage 2 serves whatever the registry says.
    init(repository: any ModelRepository, pinned: String?) {
        self.repository = repository
        self.pinned = pinned
    }

    /// Newest first; empty while none is registered or the registry was never reached.
    var models: [ServedModel] { self.known.withLock(\.models) }
    /// Answers where a request names no version. Empty while there is none.
    var servedVersion: String { self.pinned ?? self.known.withLock(\.activeVersion) }

    /// Follows the registry until cancelled.
    func run(interval: Duration = .seconds(5)) async {
        await self.refresh()
        for await _ in self.repository.changes(interval: interval) { await self.refresh() }
    }

    /// Reads the registry; keeps what is known when it is away.
    func refresh() async {
        guard let records = try? await self.repository.models() else { return }
        let models = records.map { record in
            ServedModel(
                version: record.version, isActive: record.isActive, createdAt: record.createdAt, schemaVersion: record.schemaVersion)
        }
        self.known.withLock { $0 = Known(models: models, activeVersion: models.first(where: \.isActive)?.version ?? "") }
    }

    /// - Throws: ``APIError`` 422 that names the versions that exist.
    func require(_ version: String) async throws(APIError) {
        if self.contains(version) { return }
        await self.refresh()
        guard self.contains(version) else {
            let versions = self.models.map(\.version).joined(separator: ", ")
            throw .invalid(query: "algorithm_version", "must be one of the versions that exist: \(versions)", type: "enum")
        }
    }

    private func contains(_ version: String) -> Bool { self.models.contains { $0.version == version } }
}
