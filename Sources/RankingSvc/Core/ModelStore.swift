package import Domain
package import Logging
package import Models
internal import ServiceLifecycle
internal import Synchronization

/// The ranking models that this process can serve: the active one and those asked for by name recently.
///
/// A model is read and checked aside and swapped in at once; a call that has begun ends with the model that it began with.
package final class ModelStore: Service {
    /// A model that is ready to score.
    package struct Loaded: Sendable {
        package let record: ModelRecord
        package let scorer: Scorer
    }

    private struct State {
        var active: Loaded?
        /// The one asked for last comes last.
        var named: [Loaded] = []
        var records: [ModelRecord] = []
        var hasLooked = false
    }

    /// Models beside the active one.
    private static let capacity = 4

    private let repository: any ModelRepository
    private let pinned: String?
    private let interval: Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - pinned: Version to serve instead of the active one, once it is registered.
    ///   - interval: Time between looks at the registry when no bell rings.
    package init(repository: any ModelRepository, pinned: String? = nil, interval: Duration = .seconds(10), logger: Logger) {
        self.repository = repository
        self.pinned = pinned
        self.interval = interval
        self.logger = logger
    }

    package func run() async {
        for await _ in self.repository.changes(interval: self.interval).cancelOnGracefulShutdown() {
            do {
                try await self.refresh()
            } catch {
                self.logger.warning("The active model can't be served.", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Whether the active model is loaded, or the registry has none.
    package var isReady: Bool { self.state.withLock { $0.hasLooked } }

    package var active: Loaded? { self.state.withLock { $0.active } }

    /// What the registry knew at the last look, newest first.
    package var records: [ModelRecord] { self.state.withLock { $0.records } }

    /// Looks into the registry and loads the active model if it is another. One that can't be served leaves the former in place.
    package func refresh() async throws {
        let records = try await self.repository.models()
        self.state.withLock { $0.records = records }
        let named = self.pinned.flatMap { version in records.first { $0.version == version } }
        guard let record = named ?? records.first(where: \.isActive) else {
            self.state.withLock { $0.hasLooked = true }
            return
        }
        if self.active?.record.version != record.version {
            let loaded = try await self.load(record)
            self.state.withLock { $0.active = loaded }
            self.logger.info("Model loaded.", metadata: ["version": "\(record.version)"])
            if let pinned = self.pinned, named == nil {
                self.logger.warning("The model asked for is not registered; the active one serves.", metadata: ["asked": "\(pinned)"])
            }
        }
        self.state.withLock { $0.hasLooked = true }
    }

    /// The model of a version; the active one for an empty version. `nil` if there is none.
    ///
    /// - Throws: ``RepositoryError`` if the registry can't be read, ``ModelError`` if this program can't serve the model.
    package func model(_ version: String) async throws -> Loaded? {
        let held: Loaded? = self.state.withLock { state in
            if version.isEmpty || state.active?.record.version == version { return state.active }
            guard let index = state.named.firstIndex(where: { $0.record.version == version }) else { return nil }
            let loaded = state.named.remove(at: index)
            state.named.append(loaded)
            return loaded
        }
        if held != nil || version.isEmpty { return held }
        guard let record = try await self.repository.models().first(where: { $0.version == version }) else { return nil }
        let loaded = try await self.load(record)
        self.state.withLock { state in
            state.named.removeAll { $0.record.version == version }
            state.named = state.named.suffix(Self.capacity - 1) + [loaded]
        }
        return loaded
    }

    private func load(_ record: ModelRecord) async throws -> Loaded {
        guard let artefact = try await self.repository.artefact(record.version) else {
            throw ModelError(.corrupt, "Model \(record.version) has no artefact.")
        }
        guard PipelineModel.checksum(of: artefact) == record.checksum else {
            throw ModelError(.corrupt, "The artefact of model \(record.version) doesn't match its checksum.")
        }
        return Loaded(record: record, scorer: try Scorer(model: PipelineModel(decoding: artefact)))
    }
}
