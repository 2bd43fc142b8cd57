/// Something that came about between a person and another, as the person is told of it.
public struct PairEvent: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        /// The two like each other.
        case match
        /// They no longer do.
        case unmatch
        /// The other likes the person, whether or not that makes a match.
        case like
        case superLike = "super_like"
    }

    /// Grows from one event of a person to the next.
    public var position: LogPosition
    public var kind: Kind
    public var other: UserID
    public var time: Timestamp

    public init(position: LogPosition, kind: Kind, other: UserID, time: Timestamp) {
        self.position = position
        self.kind = kind
        self.other = other
        self.time = time
    }
}

/// Events of one person, read in one go.
public struct PairEventBatch: Hashable, Sendable {
    /// Those that may be told.
    public var events: [PairEvent]
    /// Where the next read begins: behind everything that was looked at, also what may not be told.
    public var position: LogPosition
    /// Nothing settled lies behind `position`.
    public var isComplete: Bool

    public init(events: [PairEvent], position: LogPosition, isComplete: Bool) {
        self.events = events
        self.position = position
        self.isComplete = isComplete
    }
}

/// What people are told of what happens between them, from any position of the log on.
public protocol EventRepository: Sendable {
    /// Where somebody begins who wants to know of what comes, and nothing of what was.
    func settledEnd() async throws(RepositoryError) -> LogPosition
    /// Settled events of a person after `position`. Nothing that names somebody whom a block or report hides from them at present.
    /// - Parameters:
    ///   - includingLikes: Also who likes them. Whether a person may know that is the caller's to decide.
    ///   - limit: How many are looked at.
    func events(
        of person: UserID, after position: LogPosition, includingLikes: Bool, limit: Int
    ) async throws(RepositoryError) -> PairEventBatch
    /// Whom settled events after `position` concern.
    func recipients(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<UserID>
    /// Yields whenever there may be something new: on the doorbell, and every `interval` without one. Ends when cancelled.
    func doorbell(interval: Duration) -> AsyncStream<Void>
}
