public import Features

/// Scores candidates for a viewer with one model.
public struct Scorer: Sendable {
    /// The name of the term by which the other direction enters a score.
    public static let reciprocalTerm = "reciprocal"

    public let model: PipelineModel
    /// Of the terms of an explanation: the features and ``reciprocalTerm``.
    public let termNames: [String]

    /// - Throws: ``ModelError/Code/incompatibleSchema`` if this program doesn't compute the model's features.
    public init(model: PipelineModel) throws(ModelError) {
        try model.requireServable()
        self.model = model
        self.termNames = model.ranker.names + [Self.reciprocalTerm]
    }

    /// What a pair is worth.
    public struct Score: Hashable, Sendable {
        /// Log-odds of ``score``: what to sort by.
        public var logit: Double
        /// Calibrated probability of a match, 0 to 1.
        public var matchScore: Double

        /// Uncalibrated probability that the viewer likes the candidate, moved by the other direction.
        public var score: Double { Logistic.sigmoid(self.logit) }
    }

    /// A score and its terms: ``intercept`` plus ``contributions`` is the score's logit.
    public struct Explanation: Hashable, Sendable {
        public var score: Score
        public var intercept: Double
        /// In the order of ``Scorer/termNames``.
        public var contributions: [Double]
    }

    /// The log-odds of both directions of a pair, before they are fused.
    public struct Logits: Hashable, Sendable {
        public var forward: Double
        public var reverse: Double
    }

    /// Scores rows of a batch for the person in row `viewer`, in the order of `candidates`.
    @inlinable
    public func score(
        viewer: Int, candidates: some Collection<Int>, in batch: PersonBatch, moment: RequestMoment
    ) -> [Score] {
        self.score(viewer: viewer, candidates: Array(candidates), in: batch, moment: moment)
    }

    /// Scores rows of a batch for the person in row `viewer`, in the order of `candidates`.
    public func score(viewer: Int, candidates: [Int], in batch: PersonBatch, moment: RequestMoment) -> [Score] {
        self.logits(viewer: viewer, candidates: candidates, in: batch, moment: moment).map { self.score($0.forward, $0.reverse) }
    }

    /// The log-odds of each pair, in the order of `candidates`.
    public func logits(viewer: Int, candidates: [Int], in batch: PersonBatch, moment: RequestMoment) -> [Logits] {
        let pairs = PairFeatures(viewer: viewer, in: batch, moment: moment)
        let ranker = self.model.ranker
        var forward = [Float](repeating: 0, count: PairSchema.width)
        var reverse = forward
        var logits: [Logits] = []
        logits.reserveCapacity(candidates.count)
        for candidate in candidates {
            var forwardSpan = forward.mutableSpan
            var reverseSpan = reverse.mutableSpan
            pairs.compute(candidate, into: &forwardSpan, reverse: &reverseSpan)
            logits.append(Logits(forward: ranker.logit(forwardSpan.span), reverse: ranker.logit(reverseSpan.span)))
        }
        return logits
    }

    /// Explains one row.
    public func explain(viewer: Int, candidate: Int, in batch: PersonBatch, moment: RequestMoment) -> Explanation {
        let pairs = PairFeatures(viewer: viewer, in: batch, moment: moment)
        var forward = [Float](repeating: 0, count: PairSchema.width)
        var reverse = forward
        var forwardSpan = forward.mutableSpan
        var reverseSpan = reverse.mutableSpan
        pairs.compute(candidate, into: &forwardSpan, reverse: &reverseSpan)
        let reverseLogit = self.model.ranker.logit(reverseSpan.span)
        return Explanation(
            score: self.score(self.model.ranker.logit(forwardSpan.span), reverseLogit), intercept: self.model.ranker.intercept,
            contributions: self.model.ranker.contributions(forwardSpan.span) + [self.model.fusion.reciprocalWeight * reverseLogit])
    }

    private func score(_ forward: Double, _ reverse: Double) -> Score {
        Score(
            logit: forward + self.model.fusion.reciprocalWeight * reverse,
            matchScore: self.model.fusion.match(
                self.model.calibration.probability(forward), self.model.calibration.probability(reverse)))
    }
}
