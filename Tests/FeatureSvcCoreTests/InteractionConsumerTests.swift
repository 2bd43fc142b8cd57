import Domain
import FeatureSvcCore
import Features
import Synchronization
import TestKit
import Testing

@Suite("Counting interactions")
struct InteractionConsumerTests {
    @Test("Counts everything once, in batches")
    func counts() async throws {
        let fixture = Fixture()
        fixture.add(1...4)
        for _ in 0..<3 { for target: Int64 in 2...4 { try await fixture.like(1, target) } }
        try await fixture.like(2, 1)
        let consumer = fixture.consumer(batch: 4)
        #expect(try await consumer.catchUp() == 10)
        #expect(try await consumer.catchUp() == 0)
        let first = try await fixture.counters(1)
        #expect(first.sent.likes == 9 && first.received.likes == 1)
        #expect(first.likesSentByGender[.female] == 6 && first.likesSentByGender[.male] == 3)
        #expect(first.likedAges.mean == 30)
        #expect(try await fixture.counters(3).received.likes == 3)
    }

    @Test("A replica that takes over after a crash goes on where the last transaction ended")
    func takeover() async throws {
        let fixture = Fixture()
        fixture.add(1...3)
        for _ in 0..<6 { try await fixture.like(1, 2) }
        let first = fixture.consumer(batch: 2)
        #expect(try await first.catchUp() == 6)
        for _ in 0..<5 { try await fixture.like(1, 3) }
        // The store fails in the middle: what was counted in memory and not saved must not count twice.
        fixture.repository.fail(with: RepositoryError(.unavailable))
        await #expect(throws: RepositoryError.self) { try await first.catchUp() }
        fixture.repository.fail(with: nil)
        #expect(try await fixture.consumer(batch: 3).catchUp() == 5)
        #expect(try await first.catchUp() == 0)
        #expect(try await fixture.counters(1).sent.likes == 11)
    }

    @Test("Two that count at once: one has a conflict, saves nothing, and agrees afterwards")
    func conflict() async throws {
        let fixture = Fixture()
        fixture.add(1...2)
        try await fixture.like(1, 2)
        let slow = fixture.consumer()
        let fast = fixture.consumer()
        #expect(try await slow.catchUp() == 1)
        // The slow one holds counters and a position; meanwhile the fast one counts on.
        try await fixture.like(1, 2)
        #expect(try await fast.catchUp() == 1)
        try await fixture.like(1, 2)
        await #expect { try await slow.catchUp() } throws: { ($0 as? RepositoryError)?.code == .conflict }
        #expect(try await fixture.counters(1).sent.likes == 2)
        #expect(try await slow.catchUp() == 1)
        #expect(try await fixture.counters(1).sent.likes == 3)
    }

    @Test("Erased people get no features; the others keep what they met")
    func erased() async throws {
        let fixture = Fixture()
        fixture.add(1...3)
        try await fixture.like(1, 2)
        let consumer = fixture.consumer()
        try await consumer.catchUp()
        _ = try await fixture.repository.erase(UserID(1))
        try await fixture.like(3, 2)
        #expect(try await consumer.catchUp() == 1)
        #expect(try await fixture.counters(2).received.likes == 2)
        let gone = try await fixture.repository.features(of: [UserID(1)], schemaVersion: PersonSchema.version)
        #expect(gone.first?.values["received.likes"] == nil)
    }

    @Test("Changed people are dropped from the shared cache and announced")
    func announces() async throws {
        let fixture = Fixture()
        fixture.add(1...2)
        let version = FeatureVersion(schema: PersonSchema.version, embedding: "")
        await fixture.cache.store([(UserID(1), [1]), (UserID(2), [2])], version)
        var changes = fixture.cache.changes().makeAsyncIterator()
        #expect(await changes.next() == .unknown)
        try await fixture.like(1, 2)
        try await fixture.consumer().catchUp()
        #expect(await changes.next() == .people([UserID(1), UserID(2)]))
        let values = await fixture.cache.values(of: [UserID(1), UserID(2)], version)
        #expect(values == [nil, nil])
    }

    @Test("Without the lease a replica stands by and counts nothing; once it is free it counts")
    func lease() async throws {
        let fixture = Fixture()
        fixture.add(1...2)
        try await fixture.like(1, 2)
        let consumer = fixture.consumer()
        let (held, release) = AsyncStream.makeStream(of: Void.self)
        let holder = Task {
            try await fixture.repository.withLease(InteractionConsumer.lease) { for await _ in held {} }
        }
        // The holder has the lease once a second request for it is turned away.
        while try await fixture.repository.withLease(InteractionConsumer.lease, {}) != nil { await Task.yield() }
        let running = Task { await consumer.run() }
        for _ in 0..<50 { await Task.yield() }
        #expect(try await fixture.repository.position(of: InteractionConsumer.name) == .start)
        release.finish()
        _ = try await holder.value
        var changes = fixture.cache.changes().makeAsyncIterator()
        _ = await changes.next()
        // Rings the bell: the stand-by tries for the lease again.
        try await fixture.like(2, 1)
        #expect(await changes.next() == .people([UserID(1), UserID(2)]))
        running.cancel()
        await running.value
        #expect(try await fixture.counters(2).received.likes == 1)
    }
}
