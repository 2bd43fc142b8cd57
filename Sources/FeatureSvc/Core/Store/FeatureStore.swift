package import Domain
internal import Features
internal import LinearMath
package import Logging
internal import Synchronization
internal import Telemetry

/// Features of people: in this process, behind it a shared cache, behind that the database.
///
/// The local copy is kept right by ``StoreUpdater``; what is older than ``lifetime`` is read anew, and used as it is while nothing
/// better can be had.
package final class FeatureStore: Sendable {
    /// Newest versions of factors that are held.
    static let versions = 2
    /// The specification's life of a cached feature.
    package static let lifetime = Duration.seconds(300)
    /// How long a version without factors is not asked for again.
    private static let absence = Duration.seconds(10)

    struct State: ~Copyable, Sendable {
        var people: LocalFeatures
        /// The one asked for last comes last.
        var tables: [EmbeddingTable] = []
        var erased: Set<UserID> = []

        func table(_ version: String) -> EmbeddingTable? { self.tables.first { $0.version == version } }
    }

    private struct Loading {
        var people: [UserID: Task<Void, any Error>] = [:]
        var tables: [String: Task<Void, any Error>] = [:]
        var absent: [String: ContinuousClock.Instant] = [:]
    }

    private let state: ReadWriteLock<State>
    private let loading = Mutex(Loading())
    private let users: any UserRepository
    private let features: any FeatureRepository
    private let embeddings: any EmbeddingRepository
    private let cache: (any FeatureCache)?
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    let metrics: FeatureMetrics

    /// - Parameters:
    ///   - cache: Shared by all replicas; `nil` does without.
    ///   - capacity: People held in this process at most.
    package init(
        users: any UserRepository, features: any FeatureRepository, embeddings: any EmbeddingRepository, cache: (any FeatureCache)?,
        capacity: Int, metrics: FeatureMetrics = FeatureMetrics(.shared), logger: Logger,
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.state = ReadWriteLock(State(people: LocalFeatures(capacity: capacity)))
        self.users = users
        self.features = features
        self.embeddings = embeddings
        self.cache = cache
        self.metrics = metrics
        self.logger = logger
        self.clock = clock
    }

    package var count: Int { self.state.withReadLock { $0.people.count } }

    /// Versions that packed values may exist of.
    package var packedVersions: [FeatureVersion] {
        ([""] + self.state.withReadLock { $0.tables.map(\.version) }).map { FeatureVersion(schema: PersonSchema.version, embedding: $0) }
    }

    // MARK: Reading

    /// Features of people by their identifiers as the wire has them, in this order.
    func rows(of ids: [UInt64], embedding version: String) async throws -> FeatureRows {
        if !version.isEmpty { try await self.loadTable(version) }
        let (rows, missing) = self.held(ids, version, maximumAge: Self.lifetime)
        self.metrics.localHits.increment(by: UInt64(rows.known))
        guard !missing.isEmpty else { return rows }
        do {
            try await self.load(missing, version)
        } catch {
            // Old features order people better than none; whom nobody knows yet is left out.
            let (last, unknown) = self.held(ids, version, maximumAge: nil)
            guard unknown.count < missing.count || last.known > 0 else { throw error }
            self.metrics.stale.increment(by: UInt64(missing.count - unknown.count))
            return last
        }
        return self.held(ids, version, maximumAge: nil).rows
    }

    /// One person's features and when their behavioural part was computed; `nil` if they don't exist.
    func describe(_ id: UserID) async throws -> (features: PersonFeatures, computedAt: Timestamp)? {
        _ = try await self.rows(of: [id.key], embedding: "")
        return try self.state.withReadLock { try $0.people.describe(id) }
    }

    private func held(_ ids: [UInt64], _ version: String, maximumAge: Duration?) -> (rows: FeatureRows, missing: [UserID]) {
        let oldest = maximumAge.map { self.clock() - $0 }
        return self.state.withReadLock { state in
            var missing: [UserID] = []
            let table = version.isEmpty ? nil : state.table(version)
            let rows = FeatureRows(ids, from: state.people, table, loadedSince: oldest, missing: &missing)
            return (rows, missing)
        }
    }

    // MARK: Loading

    /// Brings people into this process; those that another call is already waiting for are waited for with it.
    private func load(_ ids: [UserID], _ version: String) async throws {
        let tasks = self.loading.withLock { loading in
            var tasks = Set(ids.compactMap { loading.people[$0] })
            let own = ids.filter { loading.people[$0] == nil }
            if !own.isEmpty {
                // Not the caller's to cancel: others may wait for it. It ends with its queries.
                let task = Task {
                    defer { self.loading.withLock { loading in for id in own { loading.people[id] = nil } } }
                    try await self.fetch(own, version)
                }
                for id in own { loading.people[id] = task }
                tasks.insert(task)
            }
            return tasks
        }
        for task in tasks { try await task.value }
    }

    private func fetch(_ ids: [UserID], _ version: String) async throws {
        var missing: [UserID] = []
        if let cache = self.cache {
            let now = self.clock()
            var found: [(UserID, LocalFeatures.Entry)] = []
            let values = await cache.values(of: ids, FeatureVersion(schema: PersonSchema.version, embedding: version))
            for (id, bytes) in zip(ids, values) {
                guard let bytes, let features = try? PersonFeatures(unpacking: bytes) else {
                    missing.append(id)
                    continue
                }
                found.append((id, LocalFeatures.Entry(features, computedAt: Timestamp(microseconds: 0), loadedAt: now)))
            }
            self.adopt(found)
            self.metrics.sharedHits.increment(by: UInt64(ids.count - missing.count))
        } else {
            missing = ids
        }
        try await self.reload(missing, sharing: version)
    }

    /// Reads people from the database into this process.
    ///
    /// - Parameters:
    ///   - version: Of the factors with which the shared cache gets them, too; `nil` leaves it alone.
    ///   - profiles: Those that the caller knows already to be up to date.
    func reload(_ ids: [UserID], sharing version: String? = nil, profiles: [User]? = nil) async throws {
        guard !ids.isEmpty else { return }
        let now = self.clock()
        let people: [User]
        if let profiles { people = profiles } else { people = try await self.users.users(ids) }
        let stored = try await self.features.features(of: people.map(\.id), schemaVersion: PersonSchema.version)
        let behaviour = Dictionary(stored.map { ($0.userID, $0) }, uniquingKeysWith: { $1 })
        self.metrics.storeReads.increment(by: UInt64(ids.count))
        let made = people.map { person in
            let counters = behaviour[person.id].map { BehaviourCounters(values: $0.values) } ?? BehaviourCounters()
            return (
                id: person.id, features: PersonFeatures.make(profile: person, behaviour: counters),
                computedAt: behaviour[person.id]?.computedAt ?? person.createdAt
            )
        }
        self.adopt(made.map { ($0.id, LocalFeatures.Entry($0.features, computedAt: $0.computedAt, loadedAt: now)) })
        if people.count < ids.count {
            let found = Set(people.map(\.id))
            self.forget(ids.filter { !found.contains($0) })
        }
        if let version { await self.share(made.map { ($0.id, $0.features) }, version) }
    }

    private func share(_ people: [(id: UserID, features: PersonFeatures)], _ version: String) async {
        guard let cache = self.cache else { return }
        let packed = self.state.withReadLock { state in
            let table = state.table(version)
            return people.compactMap { id, features -> (id: UserID, value: [UInt8])? in
                guard !state.erased.contains(id) else { return nil }
                var features = features
                if let embedding = table?.embedding(of: id) {
                    features.sourceFactors = embedding.source
                    features.targetFactors = embedding.target
                }
                return (id, features.pack())
            }
        }
        await cache.store(packed, FeatureVersion(schema: PersonSchema.version, embedding: version))
    }

    private func adopt(_ entries: [(UserID, LocalFeatures.Entry)]) {
        // In parts, so that calls don't wait for a whole page.
        var rest = entries[...]
        while !rest.isEmpty {
            let part = rest.prefix(256)
            rest = rest.dropFirst(part.count)
            self.state.withWriteLock { state in
                for (id, entry) in part where !state.erased.contains(id) { state.people.set(id, entry) }
            }
        }
    }

    // MARK: Changes

    /// Of these people, those that this process holds.
    func heldPeople(_ ids: [UserID]) -> [UserID] { self.state.withReadLock { state in ids.filter { state.people.contains($0) } } }

    /// People who were loaded longer than `age` ago, at most `limit`.
    func people(olderThan age: Duration, limit: Int) -> [UserID] {
        let moment = self.clock() - age
        return self.state.withReadLock { $0.people.loaded(before: moment, limit: limit) }
    }

    private func forget(_ ids: [UserID]) {
        self.state.withWriteLock { state in for id in ids { state.people.remove(id) } }
    }

    /// Takes people out of every copy for good.
    func erase(_ ids: [UserID]) async {
        self.state.withWriteLock { state in
            for id in ids {
                state.people.remove(id)
                state.erased.insert(id)
                for index in state.tables.indices { state.tables[index].remove(id) }
            }
        }
        await self.unshare(ids)
    }

    /// Drops people's packed values from the shared cache.
    func unshare(_ ids: [UserID]) async {
        guard let cache = self.cache, !ids.isEmpty else { return }
        for version in self.packedVersions { await cache.remove(ids, version) }
    }

    // MARK: Factors

    /// Makes sure that a version's factors are held, as far as there are any.
    package func loadTable(_ version: String) async throws {
        guard !self.state.withReadLock({ $0.table(version) != nil }) else { return }
        let task: Task<Void, any Error>? = self.loading.withLock { loading in
            if let since = loading.absent[version], self.clock() - since < Self.absence { return nil }
            if let task = loading.tables[version] { return task }
            // Not the caller's to cancel: others may wait for it. It ends with its queries.
            let task = Task {
                defer { self.loading.withLock { $0.tables[version] = nil } }
                try await self.readTable(version)
            }
            loading.tables[version] = task
            return task
        }
        try await task?.value
    }

    private func readTable(_ version: String) async throws {
        let table = Mutex(EmbeddingTable(version: version))
        try await self.embeddings.forEach(version: version) { chunk in
            table.withLock { table in for embedding in chunk { table.set(embedding) } }
        }
        var loaded = table.withLock { $0 }
        guard loaded.count > 0 else {
            self.loading.withLock { $0.absent = [version: self.clock()] }
            return
        }
        self.state.withWriteLock { state in
            for id in state.erased { loaded.remove(id) }
            state.tables.removeAll { $0.version == version }
            state.tables = state.tables.suffix(Self.versions - 1) + [loaded]
        }
        self.logger.info("Factors loaded.", metadata: ["version": "\(version)", "people": "\(loaded.count)"])
    }
}
