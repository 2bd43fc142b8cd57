import CandidateSvcCore
import Domain
import Mesh
import MeshAPI
import Synchronization
import Telemetry
import TestKit
import Testing

/// A log that rings its bell once, and lets a test decide what is settled.
private final class QuietLog: LogRepository {
    let store: InMemoryStore
    /// Transactions that the readers believe to be running still, as long as it isn't `nil`.
    let horizon = Mutex<UInt64?>(nil)
    let reads = Atomic<Int>(0)

    init(_ store: InMemoryStore) { self.store = store }

    func users(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<UserEvent> {
        self.reads.add(1, ordering: .relaxed)
        return self.settled(try await self.store.users(after: position, limit: limit))
    }

    func interactions(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<Interaction> {
        self.settled(try await self.store.interactions(after: position, limit: limit))
    }

    func impressions(
        after position: LogPosition, since start: Timestamp, limit: Int
    ) async throws(RepositoryError) -> LogBatch<Impressions> {
        self.settled(try await self.store.impressions(after: position, since: start, limit: limit))
    }

    func interactionEstimate() async throws(RepositoryError) -> Int { try await self.store.interactionEstimate() }

    func doorbell(interval: Duration) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        continuation.yield()
        return stream
    }

    private func settled<Event>(_ batch: LogBatch<Event>) -> LogBatch<Event> {
        guard let horizon = self.horizon.withLock({ $0 }) else { return batch }
        return LogBatch(
            entries: batch.entries.filter { $0.position.transaction < horizon }, horizon: min(horizon, batch.horizon), end: batch.end)
    }
}

@Suite("Viewers who signed up a moment ago")
struct NewViewerTests {
    private let community = Community()
    private let clock = ManualClock()
    private let log: QuietLog
    private let tail: LogTail
    private let server: CandidateServer

    init() {
        for id: Int64 in 1...30 { self.community.add(id) }
        self.log = QuietLog(self.community.store)
        self.tail = LogTail(log: self.log, index: self.community.index, clock: self.clock, logger: self.community.logger)
        self.server = CandidateServer(
            index: self.community.index, tail: self.tail, metrics: MetricsRegistry(), clock: self.clock, now: { Community.now })
    }

    private func people(_ id: UInt64, deadline: Deadline = .never) async throws -> Int {
        try await self.server.generate(GenerateRequest(userID: id, limit: 10), context: CallContext(deadline: deadline)).userIDs.count
    }

    /// Runs the tail until `body` is through.
    private func following(_ body: () async throws -> Void) async throws {
        let tail = self.tail
        let run = Task { await tail.run() }
        await eventually { self.community.index.isCaughtUp }
        do {
            try await body()
        } catch {
            run.cancel()
            await run.value
            throw error
        }
        run.cancel()
        await run.value
    }

    @Test("The log is read on for them at once, without a bell")
    func signUp() async throws {
        try await self.following {
            self.community.add(31)
            let found = try await self.people(31)
            #expect(found == 10)
        }
    }

    @Test("Who is not in the log either does not exist, and one read says so")
    func stranger() async throws {
        try await self.following {
            let reads = self.log.reads.load(ordering: .relaxed)
            await #expect { try await self.people(99) } throws: { ($0 as? MeshError)?.code == .notFound }
            #expect(self.log.reads.load(ordering: .relaxed) == reads + 1)
        }
    }

    @Test("Transactions that run at the time of the call are waited for")
    func running() async throws {
        try await self.following {
            let settled = self.community.index.status.position + 1
            self.community.add(31)
            self.log.horizon.withLock { $0 = settled }
            async let answer = self.people(31)
            await eventually { self.clock.sleeperCount == 2 }
            self.log.horizon.withLock { $0 = nil }
            self.clock.advance(by: .milliseconds(5))
            let found = try await answer
            #expect(found == 10)
        }
    }

    @Test("Nobody is waited for longer than the limit, nor than half of what the call has left")
    func patience() async throws {
        try await self.following {
            self.community.add(31)
            self.log.horizon.withLock { $0 = 1 }
            for deadline in [Deadline.never, .after(.milliseconds(100))] {
                let start = self.clock.now.offset
                let isAnswered = Atomic<Bool>(false)
                async let code = {
                    defer { isAnswered.store(true, ordering: .releasing) }
                    do {
                        _ = try await self.people(31, deadline: deadline)
                        return MeshError.Code?.none
                    } catch {
                        return (error as? MeshError)?.code
                    }
                }()
                await eventually {
                    self.clock.advance(by: .milliseconds(1))
                    return isAnswered.load(ordering: .acquiring)
                }
                #expect(await code == .notFound)
                #expect(deadline < .never || self.clock.now.offset - start >= .milliseconds(150))
            }
        }
    }

    @Test("A log that can't be read keeps nobody waiting beyond the limit")
    func unreadable() async throws {
        try await self.following {
            self.community.store.fail(with: RepositoryError(.unavailable))
            await #expect { try await self.people(31) } throws: { ($0 as? MeshError)?.code == .notFound }
        }
    }
}
