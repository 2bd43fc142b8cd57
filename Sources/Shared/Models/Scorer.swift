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
        self.logits(viewer: viewer, candidates: candidates, in: batch, moment: moment).map { self.score($0) }
    }

    /// The log-odds of each pair, in the order of `candidates`.
    public func logits(viewer: Int, candidates: [Int], in batch: PersonBatch, moment: RequestMoment) -> [Logits] {
        let pairs = PairFeatures(viewer: viewer, in: batch, moment: moment)
        let ranker = self.model.ranker
        var forward = [Float](repeating: 0, count: PairSchema.width)
        var reverse = forward
        var forwardSpan = forward.mutableSpan
        var reverseSpan = reverse.mutableSpan
        var logits: [Logits] = []
        logits.reserveCapacity(candidates.count)
        for candidate in candidates {
            pairs.compute(candidate, into: &forwardSpan, reverse: &reverseSpan)
            let (there, back) = ranker.logits(forwardSpan.span, reverseSpan.span)
            logits.append(Logits(forward: there, reverse: back))
        }
        return logits
    }

    /// What to sort by: log-odds of the viewer liking the candidate, moved by those of the other direction.
    public func fused(_ logits: Logits) -> Double { logits.forward + self.model.fusion.reciprocalWeight * logits.reverse }

    /// What a pair with these log-odds is worth.
    public func score(_ logits: Logits) -> Score {
        let calibration = self.model.calibration
        return Score(
            logit: self.fused(logits),
            matchScore: self.model.fusion.match(calibration.probability(logits.forward), calibration.probability(logits.reverse)))
    }

    /// Explains rows of a batch, in the order of `candidates`.
    public func explain(viewer: Int, candidates: [Int], in batch: PersonBatch, moment: RequestMoment) -> [Explanation] {
        let pairs = PairFeatures(viewer: viewer, in: batch, moment: moment)
        let ranker = self.model.ranker
        var forward = [Float](repeating: 0, count: PairSchema.width)
        var reverse = forward
        var forwardSpan = forward.mutableSpan
        var reverseSpan = reverse.mutableSpan
        var explanations: [Explanation] = []
        for candidate in candidates {
            pairs.compute(candidate, into: &forwardSpan, reverse: &reverseSpan)
            let (there, back) = ranker.logits(forwardSpan.span, reverseSpan.span)
            explanations.append(
                Explanation(
                    score: self.score(Logits(forward: there, reverse: back)), intercept: ranker.intercept,
                    contributions: ranker.contributions(forwardSpan.span) + [self.model.fusion.reciprocalWeight * back]))
        }
        return explanations
    }
}
