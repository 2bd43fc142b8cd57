package import Domain
internal import Features
package import Logging
internal import ServiceLifecycle
internal import Telemetry

/// Counts the interaction log into the behavioural features, on one replica at a time.
///
/// Counters and position are saved in one transaction, so a crash anywhere neither loses nor repeats an interaction. Each version of
/// the schema is a consumer of its own: a new one starts at the beginning of the log, beside the old.
package actor InteractionConsumer: Service {
    /// The lease that the counting replica holds.
    package static let lease = "features"
    package static let name = "features:\(PersonSchema.version)"

    /// Interactions counted in one transaction: when level with the log, and when far behind, where most people recur.
    package struct BatchSizes: Sendable {
        package var tail = 5_000
        package var backlog = 40_000
        package init() {}
    }

    private let log: any LogRepository
    private let users: any UserRepository
    private let features: any FeatureRepository
    private let cache: (any FeatureCache)?
    private let packedVersions: @Sendable () -> [FeatureVersion]
    private let batches: BatchSizes
    private let interval: Duration
    private let pause: Duration
    private let now: @Sendable () -> Timestamp
    private let metrics: FeatureMetrics
    private let logger: Logger

    private var position: LogPosition?
    private var counters: [UserID: BehaviourCounters] = [:]
    private var counterparts: [UserID: BehaviourCounters.Counterpart] = [:]
    /// People whose counters are kept between batches.
    private static let capacity = 200_000

    /// - Parameters:
    ///   - packedVersions: Of the packed values that the shared cache may hold.
    ///   - interval: Time between looks at the log, or at the lease, when no bell rings.
    ///   - pause: Shortest time between two rounds.
    package init(
        log: any LogRepository, users: any UserRepository, features: any FeatureRepository, cache: (any FeatureCache)?,
        packedVersions: @escaping @Sendable () -> [FeatureVersion], batches: BatchSizes = BatchSizes(), interval: Duration = .seconds(1),
        pause: Duration = .milliseconds(200), metrics: FeatureMetrics = FeatureMetrics(.shared), logger: Logger,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.log = log
        self.users = users
        self.features = features
        self.cache = cache
        self.packedVersions = packedVersions
        self.batches = batches
        self.interval = interval
        self.pause = pause
        self.metrics = metrics
        self.logger = logger
        self.now = now
    }

    /// Counts while this replica has the lease, stands by while it hasn't.
    package func run() async {
        for await _ in self.log.doorbell(interval: self.interval).cancelOnGracefulShutdown() {
            do {
                let held: Void? = try await self.features.withLease(Self.lease) { try await self.consume() }
                if held == nil { self.logger.trace("Another replica counts the interactions.") }
            } catch {
                if !Task.isCancelled { self.logger.debug("Counting stopped.", metadata: ["error": "\(error)"]) }
            }
            self.metrics.consumerActive.set(0)
        }
    }

    /// Counts until cancelled or until the store fails.
    private func consume() async throws {
        self.metrics.lag.restart()
        self.metrics.consumerActive.set(1)
        // Another replica may have counted since this one last had the lease.
        self.forget()
        for await _ in self.log.doorbell(interval: self.interval).cancelOnGracefulShutdown() {
            do {
                try await self.catchUp()
            } catch let error as RepositoryError where error.code == .conflict {
                self.logger.warning("Somebody else moved the position of the features; reading it again.")
            }
            // Each round writes a row for everybody it concerns: what comes meanwhile is counted together.
            try? await Task.sleep(for: self.pause)
        }
    }

    /// Counts all that has settled. The caller holds the lease.
    ///
    /// - Returns: How many interactions were counted.
    /// - Throws: ``RepositoryError/Code/conflict`` if another replica counts; what it has saved is read at the next call.
    @discardableResult
    package func catchUp() async throws -> Int {
        var total = 0
        var limit = self.batches.tail
        do {
            while true {
                let position = try await self.currentPosition()
                let start = ContinuousClock.now
                let batch = try await self.log.interactions(after: position, limit: limit)
                guard let last = batch.entries.last else {
                    self.metrics.lag.looked(end: batch.end, reached: batch.horizon &- 1, at: start)
                    return total
                }
                try await self.count(batch.entries.map(\.event), from: position, to: last.position)
                total += batch.entries.count
                if batch.entries.count < limit {
                    self.metrics.lag.looked(end: batch.end, reached: batch.horizon &- 1, at: start)
                    return total
                }
                limit = self.batches.backlog
            }
        } catch {
            self.forget()
            throw error
        }
    }

    private func currentPosition() async throws -> LogPosition {
        if let position = self.position { return position }
        let position = try await self.features.position(of: Self.name)
        self.position = position
        return position
    }

    private func forget() {
        self.position = nil
        self.counters.removeAll()
        self.counterparts.removeAll()
    }

    private func count(_ interactions: [Interaction], from start: LogPosition, to end: LogPosition) async throws {
        var touched: Set<UserID> = []
        for interaction in interactions {
            touched.insert(interaction.userID)
            touched.insert(interaction.targetUserID)
        }
        try await self.bringIn(touched)
        for interaction in interactions {
            let (sender, target) = (interaction.userID, interaction.targetUserID)
            // Erased between being read and now: nobody's features.
            guard let from = self.counterparts[sender], let to = self.counterparts[target] else { continue }
            self.counters[sender, default: BehaviourCounters()].apply(sent: interaction.kind, to: to, at: interaction.timestamp)
            self.counters[target, default: BehaviourCounters()].apply(received: interaction.kind, from: from)
        }
        let now = self.now()
        let rows = touched.sorted().compactMap { id in
            self.counters[id].map {
                StoredFeatures(userID: id, schemaVersion: PersonSchema.version, values: $0.values, computedAt: now)
            }
        }
        try await self.features.save(rows, consumer: Self.name, expected: start, position: end)
        self.position = end
        self.metrics.consumed.increment(by: UInt64(interactions.count))
        self.metrics.consumerPosition.set(Double(end.transaction))
        await self.announce(rows.map(\.userID))
    }

    /// Loads counters and profiles of people who aren't held yet.
    private func bringIn(_ people: Set<UserID>) async throws {
        if self.counterparts.count > Self.capacity {
            self.counters.removeAll(keepingCapacity: true)
            self.counterparts.removeAll(keepingCapacity: true)
        }
        let missing = people.filter { self.counterparts[$0] == nil }.sorted()
        guard !missing.isEmpty else { return }
        let profiles = try await self.users.users(missing)
        for stored in try await self.features.features(of: missing, schemaVersion: PersonSchema.version) {
            self.counters[stored.userID] = BehaviourCounters(values: stored.values)
        }
        for profile in profiles { self.counterparts[profile.id] = BehaviourCounters.Counterpart(profile) }
    }

    /// Drops what the shared cache holds of these people, then tells the replicas.
    private func announce(_ people: [UserID]) async {
        guard let cache = self.cache else { return }
        let step = 2000
        for start in stride(from: 0, to: people.count, by: step) {
            let ids = Array(people[start..<min(start + step, people.count)])
            for version in self.packedVersions() { await cache.remove(ids, version) }
            await cache.announce(ids)
        }
    }
}
