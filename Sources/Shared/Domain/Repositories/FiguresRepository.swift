/// How much the store holds, and how fresh its own summaries are.
public struct StoreFigures: Hashable, Sendable {
    public var people: Int
    /// Active within a week.
    public var activePeople: Int
    /// Told cheaply: estimated where there are millions.
    public var interactions: Int
    public var openMatches: Int
    /// Answers in the serving log, told as cheaply.
    public var answers: Int
    public var pendingErasures: Int
    public var completedErasures: Int
    /// Bytes of the database.
    public var bytes: Int
    /// End of the log, exclusive: a copy that has read up to here has everything.
    public var logEnd: UInt64
    /// When the summaries below were made; `nil` if they never were.
    public var refreshedAt: Timestamp?
    /// By day, the latest first.
    public var days: [DayFigures]
    /// Ratios of the last week by name; absent where there was nothing to divide.
    public var business: [String: Double]

    public init(
        people: Int, activePeople: Int, interactions: Int, openMatches: Int, answers: Int, pendingErasures: Int, completedErasures: Int,
        bytes: Int, logEnd: UInt64, refreshedAt: Timestamp?, days: [DayFigures], business: [String: Double]
    ) {
        self.people = people
        self.activePeople = activePeople
        self.interactions = interactions
        self.openMatches = openMatches
        self.answers = answers
        self.pendingErasures = pendingErasures
        self.completedErasures = completedErasures
        self.bytes = bytes
        self.logEnd = logEnd
        self.refreshedAt = refreshedAt
        self.days = days
        self.business = business
    }
}

/// What happened on one day of UTC.
public struct DayFigures: Hashable, Sendable {
    /// `2026-05-31`.
    public var day: String
    public var interactions: Int
    public var activePeople: Int
    public var likes: Int
    public var dislikes: Int
    public var newPeople: Int
    public var matches: Int
    public var answers: Int

    public init(
        day: String, interactions: Int, activePeople: Int, likes: Int, dislikes: Int, newPeople: Int, matches: Int, answers: Int
    ) {
        self.day = day
        self.interactions = interactions
        self.activePeople = activePeople
        self.likes = likes
        self.dislikes = dislikes
        self.newPeople = newPeople
        self.matches = matches
        self.answers = answers
    }
}

/// Tells how much there is.
public protocol FiguresRepository: Sendable {
    /// - Parameter days: Of how many days at most.
    func figures(days: Int) async throws(RepositoryError) -> StoreFigures
    /// The ratios of the last week by name, as of the last refresh.
    func business() async throws(RepositoryError) -> [String: Double]
    /// Makes the summaries anew if they are due and nobody else does: they take so little of the time that it isn't felt.
    /// - Returns: Whether it did.
    func refreshWhenDue() async throws(RepositoryError) -> Bool
}
