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
    public func logit(_ features: Span<Float>) -> Double { self.logits(features, features).0 }

    /// The log-odds of two feature vectors, side by side.
    ///
    /// Each is the sum of the even terms with the intercept, plus the sum of the odd ones.
    public func logits(_ first: Span<Float>, _ second: Span<Float>) -> (Double, Double) {
        let width = self.weights.count
        precondition(first.count == width && second.count == width, "A feature vector must be as long as the model is wide.")
        let weights = self.weights.span
        var sums = SIMD4(self.intercept, 0, self.intercept, 0)
        var index = 0
        while index + 1 < width {
            let features = SIMD4<Double>(SIMD4(first[index], first[index + 1], second[index], second[index + 1]))
            sums += SIMD4(weights[index], weights[index + 1], weights[index], weights[index + 1]) * features
            index += 2
        }
        if index < width { sums += SIMD4(weights[index], 0, weights[index], 0) * SIMD4(Double(first[index]), 0, Double(second[index]), 0) }
        return (sums[0] + sums[1], sums[2] + sums[3])
    }

    /// What each feature adds to the log-odds.
    public func contributions(_ features: Span<Float>) -> [Double] {
        precondition(features.count == self.weights.count, "A feature vector must be as long as the model is wide.")
        return features.indices.map { self.weights[$0] * Double(features[$0]) }
    }
}
