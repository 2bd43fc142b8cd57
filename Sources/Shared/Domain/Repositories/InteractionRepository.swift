/// What a person's history is narrowed by.
public struct InteractionQuery: Hashable, Sendable {
    public var kind: InteractionKind?
    /// Inclusive.
    public var from: Timestamp?
    /// Inclusive.
    public var to: Timestamp?
    public var skip = 0
    /// Where the previous page ended.
    public var after: PageMark?
    /// 1…1000.
    public var limit = 100

    public init() {}
}

/// Interactions of one interval of a timeline.
public struct TimelineBucket: Hashable, Sendable {
    public var start: Timestamp
    public var counts: [InteractionKind: Int]

    public init(start: Timestamp, counts: [InteractionKind: Int]) {
        self.start = start
        self.counts = counts
    }
}

public protocol InteractionRepository: Sendable {
    /// Appends to the log, brings the pair's state up to date and sets the sender's `last_active_at`, in one transaction.
    ///
    /// A later like or dislike supersedes the earlier one of the same direction in the pair's state; every row stays in the log.
    /// Blocks and reports are sticky. A like from a blocked person is recorded and matches nothing.
    /// - Throws: ``RepositoryError/Code/unknownUser`` with all missing people named.
    func record(_ interaction: NewInteraction) async throws(RepositoryError) -> RecordedInteraction
    /// Sent by the person; newest first, ties by identifier descending.
    func interactions(of user: UserID, _ query: InteractionQuery) async throws(RepositoryError) -> [Interaction]
    func statistics(of user: UserID) async throws(RepositoryError) -> InteractionStatistics
    /// Both directions between two people, newest first.
    func between(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> [Interaction]
    /// Whether each currently likes the other and nothing severs them.
    func isMatch(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool
    /// Sent interactions counted in intervals of `days` days aligned to 1970-01-01 UTC, oldest first; empty intervals are left out.
    func timeline(of user: UserID, since: Timestamp, intervalDays days: Int) async throws(RepositoryError) -> [TimelineBucket]
    /// Lifts the blocker's own block. False if there was none.
    func liftBlock(by blocker: UserID, of blocked: UserID) async throws(RepositoryError) -> Bool
}
