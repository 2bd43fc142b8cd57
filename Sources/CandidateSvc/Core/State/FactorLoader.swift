package import Domain
package import Logging
internal import Models
internal import ServiceLifecycle
internal import Synchronization

/// Brings the active model's factors into a ``CandidateIndex`` while it goes on serving.
package final class FactorLoader: Service {
    private let models: any ModelRepository
    private let embeddings: any EmbeddingRepository
    private let index: CandidateIndex
    private let interval: Duration
    private let logger: Logger
    /// The version that was loaded last; `nil` before the first look at the registry, empty where it had no active model.
    private let loaded = Mutex<String?>(nil)

    /// - Parameter interval: Time between looks at the registry when no bell rings.
    package init(
        models: any ModelRepository, embeddings: any EmbeddingRepository, index: CandidateIndex, interval: Duration = .seconds(10),
        logger: Logger
    ) {
        self.models = models
        self.embeddings = embeddings
        self.index = index
        self.interval = interval
        self.logger = logger
    }

    /// Whether the registry's active model is loaded, or the registry has none.
    package var isReady: Bool { self.loaded.withLock { $0 != nil } }

    package func run() async {
        // Rows come from the log. It is read once, in about a second, so looking now and then will do.
        while !self.index.isCaughtUp, !Task.isCancelled, !Task.isShuttingDownGracefully { try? await Task.sleep(for: .milliseconds(10)) }
        for await _ in self.models.changes(interval: self.interval).cancelOnGracefulShutdown() {
            do {
                try await self.refresh()
            } catch {
                self.logger.debug("The active model's factors could not be read.", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Loads the active model's factors unless they are there already.
    ///
    /// - Returns: Whether the factors changed.
    @discardableResult
    package func refresh() async throws -> Bool {
        // Rows come from the log: before it has been read, everybody would be a stranger.
        guard self.index.isCaughtUp else { return false }
        guard let active = try await self.models.active() else {
            self.loaded.withLock { $0 = $0 ?? "" }
            return false
        }
        guard self.loaded.withLock({ $0 != active.version }) else { return false }
        guard let artefact = try await self.models.artefact(active.version) else { return false }
        let factors = try await self.factors(of: PipelineModel(decoding: artefact))
        self.index.adopt(factors)
        self.loaded.withLock { $0 = active.version }
        self.logger.info("Factors loaded.", metadata: ["model": "\(active.version)", "people": "\(factors.count)"])
        return true
    }

    private func factors(of model: PipelineModel) async throws -> FactorModel {
        // The stream calls with one chunk after the other; the lock only lets them share the builder.
        let builder = Mutex(FactorModel(model: model, capacity: self.index.read { $0.population.capacity }))
        try await self.embeddings.forEach(version: model.embeddingVersion) { chunk in
            let rows = self.index.read { state in chunk.map { state.population.row(of: $0.userID) } }
            builder.withLock { factors in
                for (embedding, row) in zip(chunk, rows) {
                    guard let row else { continue }
                    factors.set(row: row, source: embedding.source, target: embedding.target)
                }
            }
        }
        return builder.withLock { $0 }
    }
}
