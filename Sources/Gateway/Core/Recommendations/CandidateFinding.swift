public import Domain

/// What stage 1 has to say about one person in a viewer's list.
public struct CandidateFinding: Hashable, Sendable {
    /// Where one source has the person.
    public struct Proposal: Hashable, Sendable {
        public var source: CandidateSource
        /// From 1; 0: not among those it was asked for.
        public var rank: Int
        public var score: Float
        public var asked: Int
        public var found: Int

        public init(source: CandidateSource, rank: Int, score: Float, asked: Int, found: Int) {
            self.source = source
            self.rank = rank
            self.score = score
            self.asked = asked
            self.found = found
        }
    }

    /// Names of the rules that leave the person out.
    public var rules: [String]
    public var proposals: [Proposal]
    /// Place in the merged list, from 1; 0: not in it.
    public var rank: Int
    public var score: Float
    /// Length of the merged list.
    public var count: Int
    public var modelVersion: String
    public var position: UInt64
    public var impressions: Int
    /// How often the person was shown to anybody today.
    public var exposure: Int
    public var isOutsideTaste: Bool

    public init(
        rules: [String], proposals: [Proposal], rank: Int, score: Float, count: Int, modelVersion: String, position: UInt64,
        impressions: Int, exposure: Int, isOutsideTaste: Bool
    ) {
        self.rules = rules
        self.proposals = proposals
        self.rank = rank
        self.score = score
        self.count = count
        self.modelVersion = modelVersion
        self.position = position
        self.impressions = impressions
        self.exposure = exposure
        self.isOutsideTaste = isOutsideTaste
    }
}
