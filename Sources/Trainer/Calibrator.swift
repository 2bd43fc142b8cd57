internal import Models
internal import Training

/// Calibrates the ranker on what people did when they looked at somebody.
enum Calibrator {
    /// People of like predictions: what was predicted of them, and what they did.
    struct Bin {
        var predicted: Double
        var observed: Double
        var count: Int
    }

    /// Bins of equally many outcomes.
    private static let binCount = 10

    /// - Returns: The calibration; its expected calibration error and its bins on people whom it wasn't fitted on (`nil`, and none, with
    ///   too few).
    static func fit(_ validation: Validation) -> (calibration: PlattCalibration, error: Double?, bins: [Bin]) {
        let groups = validation.cases.map { self.outcomes($0, hasDislikes: validation.areaUnderCurve != nil) }
        let halves = [0, 1].map { half in groups.enumerated().filter { $0.offset % 2 == half }.flatMap(\.element) }
        let all = self.platt(groups.flatMap { $0 })
        guard halves.allSatisfy({ $0.count >= 50 }), let first = self.platt(halves[0]) else { return (all ?? .identity, nil, []) }
        let error = ClassificationMetrics.expectedCalibrationError(
            probabilities: halves[1].map { first.probability($0.logit) }, labels: halves[1].map(\.liked))
        return (all ?? .identity, error, self.bins(halves[1].map { (first.probability($0.logit), $0.liked) }))
    }

    private static func bins(_ outcomes: [(probability: Double, liked: Bool)]) -> [Bin] {
        let sorted = outcomes.sorted { $0.probability < $1.probability }
        return (0..<self.binCount).compactMap { index in
            let part = sorted[(index * sorted.count / self.binCount)..<((index + 1) * sorted.count / self.binCount)]
            guard !part.isEmpty else { return nil }
            return Bin(
                predicted: part.map(\.probability).reduce(0, +) / Double(part.count),
                observed: Double(part.count(where: \.liked)) / Double(part.count), count: part.count)
        }
    }

    /// Reactions; where nobody ever says no, candidates that weren't liked stand for them.
    private static func outcomes(_ judged: Validation.Case, hasDislikes: Bool) -> [(logit: Double, liked: Bool)] {
        if hasDislikes { return judged.reactions }
        return zip(judged.candidates, judged.logits).map { ($1.forward, judged.likes.contains($0)) }
    }

    /// `nil` if the outcomes don't rise with the log-odds.
    private static func platt(_ outcomes: [(logit: Double, liked: Bool)]) -> PlattCalibration? {
        guard outcomes.contains(where: \.liked), outcomes.contains(where: { !$0.liked }) else { return nil }
        let fit = PlattScaling.fit(scores: outcomes.map { Float($0.logit) }, labels: outcomes.map(\.liked))
        return try? PlattCalibration(slope: fit.slope, offset: fit.offset)
    }
}
