internal import LinearMath

/// Binary logistic regression with an L2 penalty, by L-BFGS in double precision.
public struct LogisticTrainer: Sendable {
    public struct Fit: Sendable, Hashable {
        /// One weight for each raw feature.
        public let weights: [Double]
        public let intercept: Double
        public let iterations: Int
        /// False if the limit of iterations ended the search.
        public let converged: Bool
        /// Mean negative log-likelihood on the training rows, in nats.
        public let logLoss: Double
    }

    /// Minimises Σ wᵢ·log-loss(yᵢ, xᵢ) / Σ wᵢ + l2/2 · ‖β‖², β being the weights of the standardised features; the intercept is free.
    ///
    /// Features are standardised inside (a constant one gets weight 0), and the weights are given back for the raw ones.
    ///
    /// - Parameters:
    ///   - features: Row-major, `width` values a row.
    ///   - labels: 0...1; what lies between is a probability.
    ///   - weights: Importance of each row, not negative; `nil` makes them equal.
    ///   - l2: Strength of the penalty on the mean loss.
    public static func fit(
        features: [Float], width: Int, labels: [Float], weights: [Float]? = nil, l2: Double = 1e-6, maximumIterations: Int = 200
    ) -> Fit {
        precondition(width > 0 && features.count == labels.count * width, "Features and labels must have the same number of rows.")
        precondition(weights.map { $0.count == labels.count } ?? true, "Each row needs its weight.")
        let rowWeights = weights?.map(Double.init) ?? [Double](repeating: 1, count: labels.count)
        let total = rowWeights.reduce(0, +)
        guard total > 0 else {
            return Fit(weights: [Double](repeating: 0, count: width), intercept: 0, iterations: 0, converged: true, logLoss: 0)
        }
        let scaling = Standardization(features, width: width, rowWeights: rowWeights, total: total)
        let rows = scaling.applied(to: features)
        let positive = zip(labels, rowWeights).reduce(0) { $0 + Double($1.0) * $1.1 } / total
        var start = [Double](repeating: 0, count: width + 1)
        start[width] = Statistics.logit(positive, margin: 1e-6)
        var options = LBFGS.Options()
        options.maximumIterations = maximumIterations
        var logLoss = 0.0
        let result = LBFGS.minimize(from: start, options: options) { point, gradient in
            logLoss = Self.meanLoss(point, rows, labels, rowWeights, total, &gradient)
            var penalty = 0.0
            for index in 0..<width {
                penalty += point[index] * point[index]
                gradient[index] += l2 * point[index]
            }
            return logLoss + l2 / 2 * penalty
        }
        let raw = (0..<width).map { result.point[$0] * scaling.inverseDeviations[$0] }
        let shift = (0..<width).reduce(0) { $0 + raw[$1] * scaling.means[$1] }
        var unused = [Double](repeating: 0, count: width + 1)
        return Fit(
            weights: raw, intercept: result.point[width] - shift, iterations: result.iterations, converged: result.converged,
            logLoss: Self.meanLoss(result.point, rows, labels, rowWeights, total, &unused))
    }

    /// The mean log-loss, and its gradient.
    private static func meanLoss(
        _ point: [Double], _ rows: [Float], _ labels: [Float], _ rowWeights: [Double], _ total: Double, _ gradient: inout [Double]
    ) -> Double {
        let width = point.count - 1
        for index in 0...width { gradient[index] = 0 }
        let values = rows.span
        let beta = point.span
        var slope = gradient.mutableSpan
        var loss = 0.0
        for row in labels.indices {
            let start = row * width
            var score = beta[width]
            for index in 0..<width { score += beta[index] * Double(values[start + index]) }
            let label = Double(labels[row])
            loss += rowWeights[row] * (Statistics.softplus(score) - label * score)
            let error = rowWeights[row] * (Statistics.sigmoid(score) - label) / total
            for index in 0..<width { slope[index] += error * Double(values[start + index]) }
            slope[width] += error
        }
        return loss / total
    }
}
