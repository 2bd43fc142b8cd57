internal import Domain
internal import HTTPTypes
internal import Logging
internal import Synchronization
internal import Telemetry

/// How many streams of events a gateway holds open at once.
public struct EventStreamLimits: Sendable {
    public var streams = 1024
    /// Of one person.
    public var perPerson = 8
    /// A stream on which nothing happens says so this often: below what proxies take for a dead server.
    public var heartbeat: Duration = .seconds(5)

    public init() {}
}

/// Wakes the streams of people about whom there is news.
///
/// One reader of the log for all streams: it looks at whom new events concern, and each stream then reads its own person's events. So what a
/// stream tells, and that nothing is left out, rests on its own position alone; a wake too many costs one query, and a reader that was away
/// goes on where it was.
final class EventHub: Sendable {
    private struct Stream {
        let continuation: AsyncStream<Void>.Continuation
        var hasNews = false
        /// When it wants to be woken though nothing happened.
        var dueAt: ContinuousClock.Instant?
    }

    private struct State {
        var streams: [UserID: [UInt64: Stream]] = [:]
        var count = 0
        var last: UInt64 = 0
        var isClosed = false
    }

    /// Events that are looked at in one go.
    private static let chunk = 5000
    /// How long, and how often, the log is watched until a transaction has ended that was under way at the first look.
    private static let settling = (pause: Duration.milliseconds(20), looks: 50)

    let limits: EventStreamLimits
    private let events: any EventRepository
    private let now: @Sendable () -> ContinuousClock.Instant
    private let open: Gauge
    private let logger: Logger
    private let state = Mutex(State())

    init(
        events: any EventRepository, limits: EventStreamLimits, registry: MetricsRegistry, logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.events = events
        self.limits = limits
        self.now = now
        self.open = registry.gauge("duet_event_streams", "Open streams of events.")
        self.logger = logger
    }

    // MARK: Streams

    /// - Throws: ``APIError`` 503 while the process ends or has no room, 429 when the person has enough of them.
    func subscribe(_ person: UserID) throws(APIError) -> EventSubscription {
        let (news, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = try self.state.withLock { (state) throws(APIError) in
            guard !state.isClosed, state.count < self.limits.streams else { throw .unavailable("A stream of events", retryAfter: 2) }
            guard state.streams[person]?.count ?? 0 < self.limits.perPerson else {
                throw APIError(
                    .tooManyRequests, "There are \(self.limits.perPerson) streams for this person already.", headers: [.retryAfter: "5"])
            }
            state.last += 1
            state.count += 1
            state.streams[person, default: [:]][state.last] = Stream(continuation: continuation)
            return state.last
        }
        self.open.add(1)
        return EventSubscription(hub: self, person: person, id: id, news: news)
    }

    fileprivate func leave(_ person: UserID, _ id: UInt64) {
        let stream = self.state.withLock { state in
            let stream = state.streams[person]?.removeValue(forKey: id)
            if stream != nil { state.count -= 1 }
            if state.streams[person]?.isEmpty == true { state.streams[person] = nil }
            return stream
        }
        guard let stream else { return }
        stream.continuation.finish()
        self.open.add(-1)
    }

    /// Sets when the stream wants to be woken at the latest. - Returns: Whether there was news since the last call.
    fileprivate func settle(_ person: UserID, _ id: UInt64, dueAt: ContinuousClock.Instant) -> Bool {
        self.state.withLock { state in
            let hadNews = state.streams[person]?[id]?.hasNews ?? false
            state.streams[person]?[id]?.hasNews = false
            state.streams[person]?[id]?.dueAt = dueAt
            return hadNews
        }
    }

    // MARK: Waking

    /// Follows the log until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.follow() }
            group.addTask { while (try? await Task.sleep(for: .milliseconds(500))) != nil { self.wakeDue() } }
        }
    }

    /// Wakes those who wanted to be woken by now.
    func wakeDue() {
        let now = self.now()
        let due = self.state.withLock { state in
            var due: [AsyncStream<Void>.Continuation] = []
            for (person, streams) in state.streams {
                for (id, stream) in streams where stream.dueAt.map({ $0 <= now }) ?? false {
                    state.streams[person]?[id]?.dueAt = nil
                    due.append(stream.continuation)
                }
            }
            return due
        }
        for continuation in due { continuation.yield() }
    }

    /// Ends all streams, and admits no more.
    func close() {
        let streams = self.state.withLock { state in
            state.isClosed = true
            return state.streams.values.flatMap { $0.values.map(\.continuation) }
        }
        for continuation in streams { continuation.finish() }
    }

    private func wake(_ people: some Sequence<UserID>) {
        let woken = self.state.withLock { state in
            var woken: [AsyncStream<Void>.Continuation] = []
            for person in people {
                guard let streams = state.streams[person] else { continue }
                for (id, stream) in streams where !stream.hasNews {
                    state.streams[person]?[id]?.hasNews = true
                    woken.append(stream.continuation)
                }
            }
            return woken
        }
        for continuation in woken { continuation.yield() }
    }

    // MARK: Following the log

    private func follow() async {
        var position: LogPosition?
        for await _ in self.events.doorbell(interval: .seconds(1)) {
            guard self.state.withLock({ $0.count > 0 }) else {
                position = nil
                continue
            }
            do {
                position = try await self.read(from: position)
            } catch {
                // Goes on from the same position at the next ring or second.
                self.logger.debug("Events can't be read", metadata: ["error": "\(error.code)"])
            }
        }
    }

    private func read(from start: LogPosition?) async throws(RepositoryError) -> LogPosition {
        guard var position = start else {
            // Whoever came before this look may have missed something that is settled by now.
            let end = try await self.events.settledEnd()
            self.wake(self.state.withLock { Array($0.streams.keys) })
            return end
        }
        var end: UInt64?
        for _ in 0..<Self.settling.looks {
            let batch = try await self.events.recipients(after: position, limit: Self.chunk)
            self.wake(Set(batch.entries.lazy.map(\.event)))
            let isWhole = batch.entries.count < Self.chunk
            position = isWhole ? max(position, LogPosition(transaction: batch.horizon, id: 0)) : batch.entries[batch.entries.count - 1].position
            guard isWhole else { continue }
            // What rang the bell is settled when all that began before it has ended.
            end = end ?? batch.end
            if batch.horizon >= end ?? 0 { break }
            try? await Task.sleep(for: Self.settling.pause)
        }
        return position
    }
}

/// A stream's place in the hub; leaves it when it goes.
final class EventSubscription: Sendable {
    let person: UserID
    /// Yields when there is something to do; ends when the stream must.
    let news: AsyncStream<Void>
    private let hub: EventHub
    private let id: UInt64

    fileprivate init(hub: EventHub, person: UserID, id: UInt64, news: AsyncStream<Void>) {
        self.hub = hub
        self.person = person
        self.id = id
        self.news = news
    }

    deinit { self.hub.leave(self.person, self.id) }

    /// To be called before what there is gets read. - Returns: Whether there was news since the last call.
    func settle(dueAt: ContinuousClock.Instant) -> Bool { self.hub.settle(self.person, self.id, dueAt: dueAt) }
}
