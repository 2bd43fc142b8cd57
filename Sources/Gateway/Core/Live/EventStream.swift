internal import Domain
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// The body of one stream of events, from a position on until the client leaves, the process ends, or its time is over.
///
/// Every event is read and looked at again, for blocks, right before it is written, and nothing is kept in between: a client that doesn't read
/// holds up its own stream alone, and is cut off by the limit on slow clients.
struct EventStream: Sendable {
    /// Events in one write at most.
    private static let chunk = 100

    let events: any EventRepository
    let subscription: EventSubscription
    let start: LogPosition
    let includesLikes: Bool
    let heartbeat: Duration
    /// `nil`: as long as the client stays.
    let duration: Duration?
    let metrics: GatewayMetrics
    let now: @Sendable () -> ContinuousClock.Instant
    /// Whether the bearer may still know; asked before anything is told.
    let isAdmitted: @Sendable () async -> Bool
    let logger: Logger

    @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
        let end = self.duration.map { self.now() + $0 }
        try await writer.write(EventText.beginning(at: self.start))
        var spokenAt = self.now()
        var position = self.start
        var news = self.subscription.news.makeAsyncIterator()
        // What was before the subscription is read at first; from then on what the hub says.
        var hasNews = true
        stream: while await self.isAdmitted() {
            while hasNews {
                // Noted before the read: what comes during it wakes the stream once more.
                _ = self.subscription.settle(dueAt: spokenAt + self.heartbeat)
                let batch: PairEventBatch
                do {
                    batch = try await self.events.events(
                        of: self.subscription.person, after: position, includingLikes: self.includesLikes, limit: Self.chunk)
                } catch {
                    // The client comes back and is told what is away.
                    self.logger.debug("A stream of events ends", metadata: ["error": "\(error)"])
                    break stream
                }
                position = batch.position
                hasNews = !batch.isComplete
                guard !batch.events.isEmpty else { continue }
                var buffer = ByteBuffer()
                for event in batch.events {
                    EventText.append(event, of: self.subscription.person, to: &buffer)
                    self.metrics.told(event.kind.rawValue)
                }
                try await writer.write(buffer)
                spokenAt = self.now()
            }
            let now = self.now()
            if let end, now >= end { break }
            if now - spokenAt >= self.heartbeat {
                try await writer.write(EventText.heartbeat)
                spokenAt = self.now()
            }
            let dueAt = min(spokenAt + self.heartbeat, end ?? spokenAt + self.heartbeat)
            hasNews = self.subscription.settle(dueAt: dueAt)
            if !hasNews {
                guard await news.next() != nil else { break }
                hasNews = self.subscription.settle(dueAt: dueAt)
            }
        }
        try await writer.finish(nil)
    }
}
