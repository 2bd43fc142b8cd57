public import Domain

/// What every recommended person must satisfy. `nil` does not filter.
public struct RecommendationFilter: Hashable, Sendable {
    public var minimumAge: Int?
    public var maximumAge: Int?
    public var gender: Gender?
    /// Case-insensitive part of the location.
    public var location: String?
    /// Kilometres from the viewer's own place.
    public var maximumDistance: Double?
    /// Compared without case.
    public var interest: String?

    public init() {}

    /// Stage 1 filters on copies that lag behind; this looks at the profile that is about to be shown.
    /// - Parameter origin: The viewer's own place.
    public func admits(_ user: User, from origin: Coordinate?) -> Bool {
        if let minimumAge { guard let age = user.age, age >= minimumAge else { return false } }
        if let maximumAge { guard let age = user.age, age <= maximumAge else { return false } }
        if let gender, user.gender != gender { return false }
        if let location {
            guard let own = user.location, own.lowercased().contains(location.lowercased()) else { return false }
        }
        if let interest {
            let wanted = interest.lowercased()
            guard user.interests.contains(where: { $0.lowercased() == wanted }) else { return false }
        }
        if let maximumDistance {
            guard let origin, let place = user.coordinate, origin.kilometres(to: place) <= maximumDistance else { return false }
        }
        return true
    }
}

/// People proposed by stage 1, best first.
public struct CandidateSet: Hashable, Sendable {
    public struct Candidate: Hashable, Sendable {
        public var id: UserID
        /// Comparable within one set only.
        public var score: Float
        public var sources: CandidateSources

        public init(id: UserID, score: Float, sources: CandidateSources) {
            self.id = id
            self.score = score
            self.sources = sources
        }
    }

    public var candidates: [Candidate]
    /// The model whose factors were searched; empty when there was none.
    public var modelVersion: String
    /// How far stage 1 had read the log; `nil` where it was not stage 1 that answered.
    public var position: UInt64?
    /// Of the candidates, those who may be moved up, the first ones highest.
    public var promoted: [UserID] = []
    /// How often each candidate was shown to anybody today; empty where nobody counts.
    public var exposures: [UInt32] = []
    /// Of the candidates, those who are newcomers.
    public var newcomers: [UserID] = []

    public init(candidates: [Candidate], modelVersion: String, position: UInt64? = nil) {
        self.candidates = candidates
        self.modelVersion = modelVersion
        self.position = position
    }
}

/// What stage 1 is asked for.
public struct CandidateQuery: Hashable, Sendable {
    public var viewer: UserID
    public var limit: Int
    public var excludesSeen: Bool
    public var filter: RecommendationFilter
    /// The log up to here must be accounted for (transaction id); 0: anything.
    public var minimumPosition: UInt64
    /// Whether stage 1 should wait a moment for that position: the viewer changed what they seek.
    public var awaitsPosition = false

    public init(viewer: UserID, limit: Int, excludesSeen: Bool, filter: RecommendationFilter, minimumPosition: UInt64 = 0) {
        self.viewer = viewer
        self.limit = limit
        self.excludesSeen = excludesSeen
        self.filter = filter
        self.minimumPosition = minimumPosition
    }
}

/// Somebody who resembles somebody.
public struct SimilarPerson: Hashable, Sendable {
    public var id: UserID
    /// Cosine, -1…1.
    public var similarity: Double

    public init(id: UserID, similarity: Double) {
        self.id = id
        self.similarity = similarity
    }
}

/// Stage 1, as the gateway sees it. Throws `MeshError`.
public protocol CandidateGenerating: Sendable {
    func candidates(_ query: CandidateQuery, call: StageCall) async throws -> CandidateSet
    /// What stage 1 has to say about one person in a viewer's list; `nil` if it does not know one of the two.
    func why(_ query: CandidateQuery, target: UserID, call: StageCall) async throws -> CandidateFinding?
    /// - Parameter viewer: On whose behalf: people whom a block hides from them are left out.
    func similar(to id: UserID, viewer: UserID, limit: Int, call: StageCall) async throws -> [SimilarPerson]
}

/// How one person's score comes about.
public struct ScoreBreakdown: Hashable, Sendable {
    /// Uncalibrated P(the viewer likes the candidate).
    public var score: Double
    public var intercept: Double
    /// One a term, in the order of the ranking's term names: intercept and sum are logit(score).
    public var contributions: [Double]

    public init(score: Double, intercept: Double, contributions: [Double]) {
        self.score = score
        self.intercept = intercept
        self.contributions = contributions
    }
}

/// People in the order of stage 2, best first.
public struct Ranking: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var id: UserID
        /// Calibrated probability of a match, 0…1.
        public var matchScore: Double
        /// Only where it was asked for.
        public var breakdown: ScoreBreakdown?

        public init(id: UserID, matchScore: Double, breakdown: ScoreBreakdown? = nil) {
            self.id = id
            self.matchScore = matchScore
            self.breakdown = breakdown
        }
    }

    public var entries: [Entry]
    public var modelVersion: String
    public var termNames: [String]

    public init(entries: [Entry], modelVersion: String, termNames: [String] = []) {
        self.entries = entries
        self.modelVersion = modelVersion
        self.termNames = termNames
    }
}

/// What stage 2 is asked for.
public struct RankingQuery: Hashable, Sendable {
    public var viewer: UserID
    public var candidates: [CandidateSet.Candidate]
    public var explains: Bool
    /// `nil`: the active one.
    public var modelVersion: String?
    public var requestedAt: Timestamp
    /// How many of them are wanted at most, the best.
    public var limit: Int
    /// How often each candidate was shown to anybody today; empty where nobody counts.
    public var exposures: [UInt32] = []
    /// Of the candidates, those who are newcomers.
    public var newcomers: [UserID] = []
    /// What ``CandidateRanking/prepare(_:modelVersion:call:)`` brought.
    public var viewerFeatures: ViewerFeatures?

    public init(
        viewer: UserID, candidates: [CandidateSet.Candidate], explains: Bool = false, modelVersion: String? = nil, requestedAt: Timestamp,
        limit: Int, viewerFeatures: ViewerFeatures? = nil
    ) {
        self.viewer = viewer
        self.candidates = candidates
        self.explains = explains
        self.modelVersion = modelVersion
        self.requestedAt = requestedAt
        self.limit = limit
        self.viewerFeatures = viewerFeatures
    }
}

/// The viewer's features, fetched while stage 1 is still looking for candidates.
public struct ViewerFeatures: Hashable, Sendable {
    public var schemaVersion: UInt32
    public var embeddingVersion: String
    /// As the feature store writes it.
    public var row: [UInt32]

    public init(schemaVersion: UInt32, embeddingVersion: String, row: [UInt32]) {
        self.schemaVersion = schemaVersion
        self.embeddingVersion = embeddingVersion
        self.row = row
    }
}

/// A model that can be asked for.
public struct ServedModel: Hashable, Sendable {
    public var version: String
    public var isActive: Bool
    public var createdAt: Timestamp
    public var schemaVersion: Int

    public init(version: String, isActive: Bool, createdAt: Timestamp, schemaVersion: Int) {
        self.version = version
        self.isActive = isActive
        self.createdAt = createdAt
        self.schemaVersion = schemaVersion
    }
}

/// Stage 2, as the gateway sees it. Throws `MeshError`.
public protocol CandidateRanking: Sendable {
    /// Fetches what ``rank(_:call:)`` will need of the viewer, for a model or the active one; `nil` where that can't be had: ranking then
    /// fetches it itself.
    func prepare(_ viewer: UserID, modelVersion: String?, call: StageCall) async -> ViewerFeatures?
    func rank(_ query: RankingQuery, call: StageCall) async throws -> Ranking
}
