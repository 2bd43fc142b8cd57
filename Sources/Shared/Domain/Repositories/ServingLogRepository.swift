/// One answered request, as training and evaluation read it.
public struct ServedList: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var userID: UserID
        public var score: Float
        public var sources: CandidateSources

        public init(userID: UserID, score: Float, sources: CandidateSources) {
            self.userID = userID
            self.score = score
            self.sources = sources
        }
    }

    public var requestID: String
    /// Names the generation of the list; a cached answer keeps that of the answer that made it.
    public var listID: String
    public var userID: UserID
    public var servedAt: Timestamp
    public var modelVersion: String
    /// Variant of the experiment that the person takes part in.
    public var variant: String?
    /// By position. May be empty for an answer from the cache: the entries of the answer that made the list hold.
    public var entries: [Entry]
    /// Stages that were skipped.
    public var degraded: [String]
    public var isCached: Bool

    public init(
        requestID: String, listID: String, userID: UserID, servedAt: Timestamp, modelVersion: String, variant: String? = nil,
        entries: [Entry], degraded: [String] = [], isCached: Bool = false
    ) {
        self.requestID = requestID
        self.listID = listID
        self.userID = userID
        self.servedAt = servedAt
        self.modelVersion = modelVersion
        self.variant = variant
        self.entries = entries
        self.degraded = degraded
        self.isCached = isCached
    }
}

/// The log of what was shown to whom.
public protocol ServingLogRepository: Sendable {
    /// Appends many rows at once. Those of people who were erased meanwhile are left out; at an erased person's position stands id 0.
    func append(_ lists: [ServedList]) async throws(RepositoryError)
    /// The latest answers to one person, newest first.
    func served(to user: UserID, limit: Int) async throws(RepositoryError) -> [ServedList]
}
