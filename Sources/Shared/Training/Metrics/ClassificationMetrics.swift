internal import Glibc
internal import LinearMath

/// Quality of scores and probabilities against binary labels.
public enum ClassificationMetrics {
    /// Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.
    ///
    /// - Returns: `nil` if one class is missing.
    public static func areaUnderCurve(scores: [Double], labels: [Bool]) -> Double? {
        precondition(scores.count == labels.count, "Each score needs its label.")
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        let positives = labels.count { $0 }
        guard positives > 0, positives < labels.count else { return nil }
        var rankSum = 0.0
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
            let meanRank = Double(start + end + 1) / 2
            rankSum += meanRank * Double(order[start..<end].count { labels[$0] })
            start = end
        }
        let n = Double(positives)
        return (rankSum - n * (n + 1) / 2) / (n * Double(labels.count - positives))
    }

    /// Expected calibration error: the mean gap between predicted and observed rate over bins of equal width.
    public static func expectedCalibrationError(probabilities: [Double], labels: [Bool], bins: Int = 10) -> Double {
        precondition(probabilities.count == labels.count && bins > 0, "Each probability needs its label, and there must be a bin.")
        guard !labels.isEmpty else { return 0 }
        var predicted = [Double](repeating: 0, count: bins)
        var observed = predicted
        for (probability, label) in zip(probabilities, labels) {
            let bin = min(max(Int(probability * Double(bins)), 0), bins - 1)
            predicted[bin] += probability
            observed[bin] += label ? 1 : 0
        }
        return zip(predicted, observed).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(labels.count)
    }

    /// Mean negative log-likelihood, in nats.
    public static func logLoss(probabilities: [Double], labels: [Bool]) -> Double {
        precondition(probabilities.count == labels.count, "Each probability needs its label.")
        guard !labels.isEmpty else { return 0 }
        let sum = zip(probabilities, labels).reduce(0.0) { total, pair in
            let p = min(max(pair.0, 1e-15), 1 - 1e-15)
            return total - log(pair.1 ? p : 1 - p)
        }
        return sum / Double(labels.count)
    }
}
