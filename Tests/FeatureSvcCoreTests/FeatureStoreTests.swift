import Domain
import FeatureSvcCore
import Features
import Logging
import Mesh
import MeshAPI
import Models
import Synchronization
import Telemetry
import TestKit
import Testing

/// A store over memory, with a clock that tests move.
final class Fixture: Sendable {
    static let start = Timestamp(seconds: 1_750_000_000)

    let repository = InMemoryStore(now: { Fixture.start })
    let cache = InMemoryFeatureCache()
    let elapsed = Mutex(Duration.zero)
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    func store(capacity: Int = 100) -> FeatureStore {
        let origin = ContinuousClock.now
        return FeatureStore(
            users: self.repository, features: self.repository, embeddings: self.repository, cache: self.cache, capacity: capacity,
            metrics: FeatureMetrics(MetricsRegistry()), logger: self.logger, clock: { origin + self.elapsed.withLock { $0 } })
    }

    func updater(_ store: FeatureStore) -> StoreUpdater {
        StoreUpdater(
            store: store, log: self.repository, models: self.repository, changes: { self.cache.changes() }, pageSize: 3,
            logger: self.logger)
    }

    func consumer(batch: Int = 5) -> InteractionConsumer {
        var sizes = InteractionConsumer.BatchSizes()
        sizes.tail = batch
        sizes.backlog = batch
        return InteractionConsumer(
            log: self.repository, users: self.repository, features: self.repository, cache: self.cache,
            packedVersions: { [FeatureVersion(schema: PersonSchema.version, embedding: "")] }, batches: sizes,
            metrics: FeatureMetrics(MetricsRegistry()), logger: self.logger, now: { Fixture.start })
    }

    func advance(_ duration: Duration) { self.elapsed.withLock { $0 += duration } }

    func add(_ ids: ClosedRange<Int64>, age: Int = 30) {
        for id in ids {
            self.repository.insert(
                User(
                    id: UserID(id), name: "Person", age: age, gender: id.isMultiple(of: 2) ? .female : .male, bio: "mountains and books",
                    interests: ["Chess", "Tea"], createdAt: Self.start))
        }
    }

    func like(_ from: Int64, _ to: Int64) async throws {
        _ = try await self.repository.record(NewInteraction(userID: UserID(from), targetUserID: UserID(to), kind: .like))
    }

    func counters(_ id: Int64) async throws -> BehaviourCounters {
        let stored = try await self.repository.features(of: [UserID(id)], schemaVersion: PersonSchema.version)
        return BehaviourCounters(values: stored.first?.values ?? [:])
    }
}

func get(
    _ server: FeatureServer, _ ids: [UInt64], schema: Int = PersonSchema.version, embedding: String = ""
) async throws -> GetFeaturesResponse {
    try await server.getFeatures(
        GetFeaturesRequest(userIDs: ids, schemaVersion: UInt32(schema), embeddingVersion: embedding),
        context: CallContext(deadline: .never))
}

/// What an answer says of those asked for.
struct Answer {
    let batch: PersonBatch
    /// By row of the batch.
    let people: [UInt64]
    let embeddingVersion: String
}

func ask(
    _ server: FeatureServer, _ ids: [UInt64], embedding: String = "", dimension: Int = 0
) async throws -> Answer {
    let response = try await get(server, ids, embedding: embedding)
    var batch = PersonBatch(dimension: dimension)
    let known = try batch.append(rows: response.rows, count: ids.count)
    return Answer(batch: batch, people: known.map { ids[$0] }, embeddingVersion: response.embeddingVersion)
}

func age(_ answer: Answer, _ person: Int) -> Float { answer.batch[person, .age] }

@Suite("Feature store")
struct FeatureStoreTests {
    @Test("Answers in the order asked for, without those who don't exist, shaped for ranking")
    func columns() async throws {
        let fixture = Fixture()
        fixture.add(1...3)
        try await fixture.repository.store(
            [Embedding(userID: UserID(1), source: [1, 2], target: [3, 4]), Embedding(userID: UserID(3), source: [5, 6], target: [7, 8])],
            version: "m")
        let answer = try await ask(
            FeatureServer(store: fixture.store()), [3, 99, .max, 0, 1, 2], embedding: "m", dimension: 2)
        #expect(answer.people == [3, 1, 2] && answer.embeddingVersion == "m")
        #expect(answer.batch.count == 3 && answer.batch[0, .age] == 30)
        #expect(answer.batch.interests(of: 1) == Terms.interests(["Chess", "Tea"])[...])
        #expect(answer.batch.terms(of: 2) == Terms.terms(of: "mountains and books")[...])
        let factors = try (0..<3).map { person in
            let features = try answer.batch.features(of: person)
            return [features.sourceFactors, features.targetFactors]
        }
        #expect(factors == [[[5, 6], [7, 8]], [[1, 2], [3, 4]], [[], []]])
    }

    @Test("An unknown version of factors gives none, and says so")
    func unknownFactors() async throws {
        let fixture = Fixture()
        fixture.add(1...1)
        let answer = try await ask(FeatureServer(store: fixture.store()), [1], embedding: "nobody's")
        #expect(answer.people == [1] && answer.embeddingVersion == "")
    }

    @Test("Another schema is refused, and too long a list")
    func refusals() async throws {
        let server = FeatureServer(store: Fixture().store())
        await #expect { _ = try await get(server, [1], schema: PersonSchema.version + 1) } throws: {
            ($0 as? MeshError)?.code == .failedPrecondition
        }
        await #expect { _ = try await get(server, Array(1...5001)) } throws: { ($0 as? MeshError)?.code == .invalidArgument }
    }

    @Test("What is held is served while the database is away, however old; who is not known is unavailable")
    func databaseAway() async throws {
        let fixture = Fixture()
        fixture.add(1...2)
        let server = FeatureServer(store: fixture.store())
        _ = try await get(server, [1])
        fixture.repository.fail(with: RepositoryError(.unavailable))
        fixture.cache.isAway = true
        #expect(try await ask(server, [1]).people == [1])
        fixture.advance(.seconds(400))
        #expect(try await ask(server, [1, 2]).people == [1])
        await #expect { _ = try await get(server, [2]) } throws: { ($0 as? MeshError)?.code == .unavailable }
    }

    @Test("Another replica's work is taken from the shared cache; damaged values are not")
    func sharedCache() async throws {
        let fixture = Fixture()
        fixture.add(1...2)
        _ = try await get(FeatureServer(store: fixture.store()), [1, 2])
        let version = FeatureVersion(schema: PersonSchema.version, embedding: "")
        let packed = await fixture.cache.values(of: [UserID(1), UserID(2)], version)
        #expect(packed.allSatisfy { $0 != nil })
        await fixture.cache.store([(UserID(2), [1, 2, 3, 4, 5, 6])], version)
        fixture.repository.fail(with: RepositoryError(.unavailable))
        #expect(try await ask(FeatureServer(store: fixture.store()), [1]).people == [1])
        await #expect(throws: MeshError.self) { _ = try await get(FeatureServer(store: fixture.store()), [2]) }
    }

    @Test("What is older than five minutes is read again")
    func age() async throws {
        let fixture = Fixture()
        fixture.add(1...1, age: 30)
        let store = fixture.store()
        let server = FeatureServer(store: store)
        _ = try await get(server, [1])
        fixture.add(1...1, age: 40)
        fixture.cache.isAway = true
        #expect(try await FeatureSvcCoreTests.age(ask(server, [1]), 0) == 30)
        fixture.advance(.seconds(301))
        #expect(try await FeatureSvcCoreTests.age(ask(server, [1]), 0) == 40)
    }

    @Test("Aged copies are read again before a call has to")
    func refresh() async throws {
        let fixture = Fixture()
        fixture.add(1...5, age: 30)
        let store = fixture.store()
        let updater = fixture.updater(store)
        try await updater.catchUp()
        fixture.add(1...5, age: 40)
        try await updater.refreshAged()
        #expect(try await FeatureSvcCoreTests.age(ask(FeatureServer(store: store), [4]), 0) == 30)
        fixture.advance(.seconds(250))
        try await updater.refreshAged()
        #expect(try await FeatureSvcCoreTests.age(ask(FeatureServer(store: store), [4]), 0) == 40)
    }

    @Test("Filled from the log; changed profiles apply at once, erased people are gone from every copy")
    func following() async throws {
        let fixture = Fixture()
        fixture.add(1...10)
        try await fixture.repository.store((1...10).map { Embedding(userID: UserID($0), source: [1], target: [2]) }, version: "m")
        let store = fixture.store()
        let updater = fixture.updater(store)
        #expect(!updater.isReady)
        try await updater.catchUp()
        #expect(updater.isReady && store.count == 10)
        let server = FeatureServer(store: store)
        #expect(try await get(server, [5], embedding: "m").rows.suffix(2) == [Float(1).bitPattern, Float(2).bitPattern])
        _ = try await fixture.repository.update(UserID(5), UserChange(age: 77))
        _ = try await fixture.repository.erase(UserID(6))
        try await updater.catchUp()
        #expect(store.count == 9)
        let answer = try await ask(server, [5, 6], embedding: "m", dimension: 1)
        #expect(answer.people == [5])
        #expect(FeatureSvcCoreTests.age(answer, 0) == 77)
        let packed = await fixture.cache.values(of: [UserID(6)], FeatureVersion(schema: PersonSchema.version, embedding: "m"))
        #expect(packed == [nil])
    }

    @Test("Announced people are read again, if they are held")
    func announcements() async throws {
        let fixture = Fixture()
        fixture.add(1...2)
        let store = fixture.store()
        let updater = fixture.updater(store)
        let server = FeatureServer(store: store)
        func popularity() async throws -> Float {
            try await ask(server, [2]).batch[0, .popularity]
        }
        #expect(try await popularity() == 0)
        try await fixture.like(1, 2)
        #expect(try await fixture.consumer().catchUp() == 1)
        try await updater.apply(.people([UserID(2), UserID(55)]))
        #expect(try await popularity() > 0.6)
        #expect(store.count == 1)
    }

    @Test("The table gives up the longest held when it is full")
    func capacity() async throws {
        let fixture = Fixture()
        fixture.add(1...30)
        let store = fixture.store(capacity: 10)
        let server = FeatureServer(store: store)
        for id: UInt64 in 1...30 { _ = try await get(server, [id]) }
        #expect(store.count == 10)
        #expect(try await ask(server, Array(1...10)).people == Array(1...10))
    }

    @Test("One person's features by name")
    func describe() async throws {
        let fixture = Fixture()
        fixture.add(1...1)
        let server = FeatureServer(store: fixture.store())
        let context = CallContext(deadline: .never)
        let found = try await server.describeFeatures(DescribeFeaturesRequest(userID: 1), context: context)
        #expect(found.found && found.names == PersonSchema.schema.names && found.values.count == found.names.count)
        #expect(found.values[PersonSchema.Column.age.rawValue] == 30)
        #expect(try await !server.describeFeatures(DescribeFeaturesRequest(userID: 9), context: context).found)
    }

    @Test("Many calls for the same newcomer read the database once")
    func coalescing() async throws {
        let fixture = Fixture()
        fixture.add(1...1)
        let registry = MetricsRegistry()
        let store = FeatureStore(
            users: fixture.repository, features: fixture.repository, embeddings: fixture.repository, cache: nil, capacity: 10,
            metrics: FeatureMetrics(registry), logger: fixture.logger)
        let server = FeatureServer(store: store)
        try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<20 { group.addTask { try await ask(server, [1]).people } }
            for try await ids in group { #expect(ids == [1]) }
        }
        #expect(store.count == 1)
    }
}
