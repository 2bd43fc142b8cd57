/// A change of a person as the log's readers see it.
public enum UserEvent: Hashable, Sendable {
    case changed(User, Standing = Standing())
    case erased(UserID)
}

/// One entry of the log, in the order in which it must be applied.
public struct LogEntry<Event: Hashable & Sendable>: Hashable, Sendable {
    public var position: LogPosition
    public var event: Event

    public init(position: LogPosition, event: Event) {
        self.position = position
        self.event = event
    }
}

/// An answer of the serving log, as copies count it: who was shown to whom.
public struct Impressions: Hashable, Sendable {
    public var viewer: UserID
    public var shown: [UserID]
    public var time: Timestamp

    public init(viewer: UserID, shown: [UserID], time: Timestamp) {
        self.viewer = viewer
        self.shown = shown
        self.time = time
    }
}

/// Entries read in one go.
public struct LogBatch<Event: Hashable & Sendable>: Sendable {
    public var entries: [LogEntry<Event>]
    /// Every transaction below this one is settled: with no entries left, the reader has seen all of them.
    public var horizon: UInt64
    /// Whatever was written before the read is below this one: a reader whose horizon reaches it has missed nothing of that.
    public var end: UInt64

    /// - Parameter end: `nil` where everything is settled.
    public init(entries: [LogEntry<Event>], horizon: UInt64, end: UInt64? = nil) {
        self.entries = entries
        self.horizon = horizon
        self.end = end ?? horizon
    }
}

/// Reads the interaction log and the people's change log from any position; the basis of every copy.
public protocol LogRepository: Sendable {
    /// Settled interactions after `position`, at most `limit`, without their context.
    func interactions(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<Interaction>
    /// Settled changes of people after `position`, at most `limit`. A person changed twice appears once, as they are now.
    func users(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<UserEvent>
    /// Settled answers of the serving log after `position` that were not given before `start`, at most `limit`; those from the cache are
    /// left out, for a list counts once.
    func impressions(after position: LogPosition, since start: Timestamp, limit: Int) async throws(RepositoryError) -> LogBatch<Impressions>
    /// About how many interactions there are, told cheaply: for showing how far a reader has come.
    func interactionEstimate() async throws(RepositoryError) -> Int
    /// Yields whenever there may be something new: on the doorbell, and every `interval` without one. Ends when cancelled.
    func doorbell(interval: Duration) -> AsyncStream<Void>
}
