internal import Models
internal import Training

/// Calibrates the ranker on what people did when they looked at somebody.
enum Calibrator {
    /// - Returns: The calibration, and its expected calibration error on people whom it wasn't fitted on (`nil` with too few).
    static func fit(_ validation: Validation) -> (calibration: PlattCalibration, error: Double?) {
        let groups = validation.cases.map { self.outcomes($0, hasDislikes: validation.areaUnderCurve != nil) }
        let halves = [0, 1].map { half in groups.enumerated().filter { $0.offset % 2 == half }.flatMap(\.element) }
        let all = self.platt(groups.flatMap { $0 })
        guard halves.allSatisfy({ $0.count >= 50 }), let first = self.platt(halves[0]) else { return (all ?? .identity, nil) }
        let error = ClassificationMetrics.expectedCalibrationError(
            probabilities: halves[1].map { first.probability($0.logit) }, labels: halves[1].map(\.liked))
        return (all ?? .identity, error)
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
