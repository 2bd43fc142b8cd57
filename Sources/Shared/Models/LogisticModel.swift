/// A logistic regression in the space of the raw features, so that each contribution is a weight times what people can look up.
public struct LogisticModel: Hashable, Sendable {
    /// Of the features, in the order of ``weights``.
    public let names: [String]
    public let weights: [Double]
    public let intercept: Double

    /// - Throws: ``ModelError/Code/invalid`` unless there is one finite weight a name.
    public init(names: [String], weights: [Double], intercept: Double) throws(ModelError) {
        guard names.count == weights.count, Set(names).count == names.count else {
            throw ModelError(.invalid, "A logistic model needs one weight for each of its features.")
        }
        guard weights.allSatisfy(\.isFinite), intercept.isFinite else {
            throw ModelError(.invalid, "A weight of the logistic model is not a finite number.")
        }
        self.names = names
        self.weights = weights
        self.intercept = intercept
    }

    /// The log-odds of a feature vector.
    public func logit(_ features: Span<Float>) -> Double {
        precondition(features.count == self.weights.count, "A feature vector must be as long as the model is wide.")
        let weights = self.weights.span
        var even = self.intercept
        var odd = 0.0
        var index = 0
        while index + 1 < features.count {
            even += weights[index] * Double(features[index])
            odd += weights[index + 1] * Double(features[index + 1])
            index += 2
        }
        if index < features.count { even += weights[index] * Double(features[index]) }
        return even + odd
    }

    /// What each feature adds to the log-odds.
    public func contributions(_ features: Span<Float>) -> [Double] {
        precondition(features.count == self.weights.count, "A feature vector must be as long as the model is wide.")
        return features.indices.map { self.weights[$0] * Double(features[$0]) }
    }
}
