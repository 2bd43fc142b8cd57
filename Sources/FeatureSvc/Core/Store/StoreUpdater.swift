package import Domain
internal import Features
package import Logging
internal import Models
internal import ServiceLifecycle
internal import Synchronization

/// Keeps a ``FeatureStore`` right: fills it at the start, then follows profiles, announced features, models and age.
package final class StoreUpdater: Service {
    private let store: FeatureStore
    private let log: any LogRepository
    private let models: any ModelRepository
    private let changes: @Sendable () -> AsyncStream<FeatureChange>
    private let interval: Duration
    private let pageSize: Int
    private let logger: Logger
    private let position = Mutex(LogPosition.start)
    private let isFilled = Atomic<Bool>(false)

    /// - Parameters:
    ///   - changes: What the consumers of the log announce.
    ///   - interval: Time between looks at the log and at the age of what is held, when no bell rings.
    package init(
        store: FeatureStore, log: any LogRepository, models: any ModelRepository,
        changes: @escaping @Sendable () -> AsyncStream<FeatureChange>, interval: Duration = .seconds(1), pageSize: Int = 5000,
        logger: Logger
    ) {
        self.store = store
        self.log = log
        self.models = models
        self.changes = changes
        self.interval = interval
        self.pageSize = pageSize
        self.logger = logger
    }

    /// Whether everybody whom the log names has been looked at once.
    package var isReady: Bool { self.isFilled.load(ordering: .acquiring) }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.follow(self.changes()) { try await self.apply($0) } }
            group.addTask { await self.follow(self.models.changes(interval: .seconds(10))) { try await self.loadActiveFactors() } }
            group.addTask {
                await self.follow(self.log.doorbell(interval: self.interval)) {
                    try await self.catchUp()
                    try await self.refreshAged()
                }
            }
        }
    }

    private func follow<Event: Sendable>(_ events: AsyncStream<Event>, _ body: (Event) async throws -> Void) async {
        for await event in events.cancelOnGracefulShutdown() {
            do {
                try await body(event)
            } catch {
                self.logger.debug("Features could not be brought up to date.", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Applies all changes of people that have settled since the last call.
    package func catchUp() async throws {
        while true {
            let batch = try await self.log.users(after: self.position.withLock { $0 }, limit: self.pageSize)
            try await self.apply(batch.entries.map(\.event))
            if let last = batch.entries.last { self.position.withLock { $0 = last.position } }
            if batch.entries.count < self.pageSize { break }
        }
        if !self.isFilled.exchange(true, ordering: .acquiringAndReleasing) {
            self.logger.info("Features are filled.", metadata: ["people": "\(self.store.count)"])
        }
    }

    private func apply(_ events: [UserEvent]) async throws {
        var changed: [UserID: User] = [:]
        var erased: [UserID] = []
        for event in events {
            switch event {
            case .changed(let user, _): changed[user.id] = user
            case .erased(let id):
                changed[id] = nil
                erased.append(id)
            }
        }
        if !erased.isEmpty { await self.store.erase(erased) }
        guard !changed.isEmpty else { return }
        // What was packed before the change must not come back; the first fill finds nothing wrong in the shared cache.
        if self.isReady { await self.store.unshare(Array(changed.keys)) }
        try await self.store.reload(Array(changed.keys), profiles: Array(changed.values))
    }

    /// Reads again what others say has changed, as far as it is held here.
    package func apply(_ change: FeatureChange) async throws {
        switch change {
        case .people(let ids): try await self.store.reload(self.store.heldPeople(ids))
        case .unknown: try await self.refresh(olderThan: .zero)
        }
    }

    /// Reads again what will soon be too old, before a call has to.
    package func refreshAged() async throws { try await self.refresh(olderThan: FeatureStore.lifetime * 0.8) }

    private func refresh(olderThan age: Duration) async throws {
        // Everybody at most once: the clock may not move between two pages.
        var left = self.store.count
        while left > 0 {
            let ids = self.store.people(olderThan: age, limit: min(left, 1000))
            guard !ids.isEmpty else { return }
            try await self.store.reload(ids)
            left -= ids.count
        }
    }

    /// Brings in the active model's factors.
    package func loadActiveFactors() async throws {
        guard let active = try await self.models.active(), let artefact = try await self.models.artefact(active.version) else { return }
        try await self.store.loadTable(PipelineModel(decoding: artefact).embeddingVersion)
    }
}
