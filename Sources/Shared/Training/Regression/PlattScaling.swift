/// Fits the map from a score to a probability, σ(slope · score + offset) (Platt 1999).
public enum PlattScaling {
    /// Fits on scores that the scoring model was not trained on.
    ///
    /// The targets are Platt's: (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2), so that a perfect separation doesn't give infinite slopes.
    public static func fit(scores: [Float], labels: [Bool], weights: [Float]? = nil) -> (slope: Double, offset: Double) {
        precondition(scores.count == labels.count, "Each score needs its label.")
        let positives = Double(labels.count { $0 })
        let high = Float((positives + 1) / (positives + 2))
        let low = Float(1 / (Double(labels.count) - positives + 2))
        let fit = LogisticTrainer.fit(
            features: scores, width: 1, labels: labels.map { $0 ? high : low }, weights: weights, l2: 1e-9)
        return (fit.weights.first ?? 0, fit.intercept)
    }
}
