/// Means and spreads of features, to bring them to mean 0 and standard deviation 1.
struct Standardization: Sendable {
    let means: [Double]
    /// 1 / standard deviation; 0 for a constant feature.
    let inverseDeviations: [Double]

    init(_ features: [Float], width: Int, rowWeights: [Double], total: Double) {
        var means = [Double](repeating: 0, count: width)
        var squares = means
        for row in rowWeights.indices {
            for index in 0..<width { means[index] += rowWeights[row] * Double(features[row * width + index]) }
        }
        for index in 0..<width { means[index] /= total }
        // The second pass keeps the precision that E[x²] − E[x]² loses.
        for row in rowWeights.indices {
            for index in 0..<width {
                let deviation = Double(features[row * width + index]) - means[index]
                squares[index] += rowWeights[row] * deviation * deviation
            }
        }
        self.means = means
        self.inverseDeviations = (0..<width).map { index in
            let deviation = (squares[index] / total).squareRoot()
            return deviation > 1e-9 * max(1, abs(means[index])) ? 1 / deviation : 0
        }
    }

    func applied(to features: [Float]) -> [Float] {
        let width = self.means.count
        var result = features
        for index in result.indices {
            let column = index % width
            result[index] = Float((Double(features[index]) - self.means[column]) * self.inverseDeviations[column])
        }
        return result
    }
}
