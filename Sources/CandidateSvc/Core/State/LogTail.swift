package import Domain
package import Logging
internal import ServiceLifecycle
internal import Synchronization
internal import Telemetry

/// Keeps a ``CandidateIndex`` level with the log.
package final class LogTail: Service {
    /// Reads are numbered; whoever waits is done when a read has ended that began after they came.
    private struct Reads {
        var begun = 0
        var ended = 0
        /// The log's end as the latest read saw it.
        var end: UInt64 = 0
        var waiting: [Int: (read: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
        var cancelled: Set<Int> = []
        var lastID = 0
    }

    /// What else a copy follows beside people and what they do.
    package struct Following: Sendable {
        /// Days for which impressions count; 0: none are read.
        package var impressionDays = 0
        /// Days without activity after which somebody is idle; 0: never.
        package var idleDays = 0

        package init(impressionDays: Int = 0, idleDays: Int = 0) {
            self.impressionDays = impressionDays
            self.idleDays = idleDays
        }
    }

    private let log: any LogRepository
    private let index: CandidateIndex
    private let interval: Duration
    private let pageSize: Int
    private let following: Following
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Timestamp
    private let sweptAt = Mutex<Timestamp?>(nil)
    private let logger: Logger
    private let reads = Mutex(Reads())
    private let watch = LagWatch()
    private let progress = Mutex((read: 0, estimate: 0))
    private let (calls, call) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// Time between two reads while somebody waits for transactions that are still running.
    private static let pause = Duration.milliseconds(5)
    /// Time between two looks for people who have become idle.
    private static let sweepInterval = Duration.seconds(600)

    /// - Parameters:
    ///   - interval: Time between looks at the log when no bell rings.
    ///   - pageSize: Entries read in one go.
    package init(
        log: any LogRepository, index: CandidateIndex, interval: Duration = .seconds(1), pageSize: Int = 20_000,
        following: Following = Following(), clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Timestamp = { .now }, logger: Logger
    ) {
        self.log = log
        self.index = index
        self.interval = interval
        self.pageSize = pageSize
        self.following = following
        self.clock = clock
        self.now = now
        self.logger = logger
    }

    /// How far the first reading of the log has come, as in "210000 of 408050 interactions read".
    package var progressText: String {
        let (read, estimate) = self.progress.withLock { $0 }
        return "\(read) of \(max(read, estimate)) interactions read"
    }

    /// The age of the newest moment of which the index has everything.
    package var lag: Duration { self.watch.lag }

    /// Reads the log until cancelled or shut down, once at a time. A store that is away is asked again at the next bell.
    package func run() async {
        await withTaskGroup { group in
            group.addTask {
                for await _ in self.log.doorbell(interval: self.interval).cancelOnGracefulShutdown() { self.call.yield() }
                self.call.finish()
            }
            for await _ in self.calls { await self.read() }
            group.cancelAll()
        }
    }

    /// Has the log read now rather than at the next bell, and waits until all that was in it before this call is in the index.
    ///
    /// Returns early when cancelled, and knows of no time limit: without ``run()`` nothing is read.
    package func reachEnd() async {
        await self.nextRead()
        let end = self.reads.withLock { $0.end }
        // Entries count from when all earlier transactions have ended, which may take them a moment.
        while !Task.isCancelled, self.index.status.position + 1 < end {
            try? await self.clock.sleep(for: Self.pause)
            await self.nextRead()
        }
    }

    /// Applies all that has settled since the last call, people before what they did. One call at a time.
    ///
    /// - Returns: The end of the log as it was before.
    @discardableResult
    package func catchUp() async throws(RepositoryError) -> UInt64 {
        var end: UInt64?
        while true {
            let batch = try await self.log.users(after: self.index.positions.users, limit: self.pageSize)
            end = end ?? batch.end
            let isComplete = batch.entries.count < self.pageSize
            self.index.apply(batch, isComplete: isComplete)
            self.progress.withLock { $0.read += batch.entries.count }
            if isComplete { break }
        }
        if !self.index.isCaughtUp {
            let estimate = try await self.log.interactionEstimate()
            self.progress.withLock { $0.estimate = estimate }
        }
        while true {
            let batch = try await self.log.interactions(after: self.index.positions.interactions, limit: self.pageSize)
            let isComplete = batch.entries.count < self.pageSize
            self.index.apply(batch, isComplete: isComplete)
            if isComplete { break }
        }
        try await self.follow()
        if !self.index.isCaughtUp {
            self.index.markCaughtUp()
            let status = self.index.status
            self.logger.info(
                "The index is level with the log.",
                metadata: ["people": "\(status.people)", "opinions": "\(status.opinions)", "position": "\(status.position)"])
        }
        return end ?? 0
    }

    /// Reads impressions, and looks now and then who has become idle.
    private func follow() async throws(RepositoryError) {
        let now = self.now()
        if self.following.impressionDays > 0 {
            let start = now.advanced(by: .seconds(-86_400 * self.following.impressionDays))
            while true {
                let batch = try await self.log.impressions(after: self.index.impressionsPosition, since: start, limit: self.pageSize)
                self.index.apply(batch, memory: UInt16(clamping: self.following.impressionDays))
                if batch.entries.count < self.pageSize { break }
            }
        }
        guard self.following.idleDays > 0 else { return }
        let isDue = self.sweptAt.withLock { sweptAt in
            if let sweptAt, now < sweptAt.advanced(by: Self.sweepInterval) { return false }
            sweptAt = now
            return true
        }
        if isDue { self.index.setIdleThreshold(now.advanced(by: .seconds(-86_400 * self.following.idleDays))) }
    }

    private func read() async {
        self.reads.withLock { $0.begun += 1 }
        let start = ContinuousClock.now
        var end: UInt64?
        do {
            let seen = try await self.catchUp()
            self.watch.looked(end: seen, reached: self.index.status.position, at: start)
            end = seen
        } catch {
            self.logger.debug("The log could not be read.", metadata: ["error": "\(error)"])
        }
        let due = self.reads.withLock { reads in
            reads.ended = reads.begun
            if let end { reads.end = end }
            let due = reads.waiting.filter { $0.value.read <= reads.ended }
            for id in due.keys { reads.waiting[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Waits for a read that begins after this call, or for cancellation.
    private func nextRead() async {
        let id = self.reads.withLock { reads in
            reads.lastID += 1
            return reads.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = self.reads.withLock { reads in
                    if reads.cancelled.remove(id) != nil { return false }
                    reads.waiting[id] = (reads.begun + 1, continuation)
                    return true
                }
                if isWaiting { self.call.yield() } else { continuation.resume() }
            }
        } onCancel: {
            let continuation = self.reads.withLock { reads in
                let waiter = reads.waiting.removeValue(forKey: id)
                // Not waiting yet, or not any more: only the first needs to know, and the second is over.
                if waiter == nil { reads.cancelled.insert(id) }
                return waiter?.continuation
            }
            continuation?.resume()
        }
        self.reads.withLock { _ = $0.cancelled.remove(id) }
    }
}
