internal import Domain
internal import Features
internal import LinearMath
internal import Models
internal import Training

/// Compares settings of stage 1 on the past, judged by the future.
enum FactorizationSearch {
    /// A handful of settings for sparse likes, smaller for small communities.
    static func trials(people: Int, likes: Int) -> [FactorizationTrial] {
        let factors = people < 500 ? 8 : 16
        return [
            FactorizationTrial(factors: factors, unobservedMass: 200, regularization: 0.005, regularizationExponent: 1),
            FactorizationTrial(factors: factors, unobservedMass: 50, regularization: 0.02, regularizationExponent: 1),
            FactorizationTrial(factors: 2 * factors, unobservedMass: 200, regularization: 0.01, regularizationExponent: 1),
            FactorizationTrial(factors: 2 * factors, unobservedMass: 50, regularization: 0.01, regularizationExponent: 1),
        ]
    }

    static func parameters(_ trial: FactorizationTrial, people: Int, seed: UInt64) -> Retrieval.Factorization {
        Retrieval.Factorization(
            factors: trial.factors, iterations: trial.iterations, alpha: 1,
            regularization: trial.regularization, regularizationExponent: trial.regularizationExponent,
            unobservedWeight: min(1, trial.unobservedMass / Double(max(1, people))), seed: seed)
    }

    /// Recall of the judges' future likes among the best `cutoff` of stage 1, over at most 500 judges.
    static func recall(_ bench: Workbench, _ finder: CandidateFinder, cutoff: Int, threads: Int) async -> RankingMetrics {
        let stride = max(1, bench.judges.count / 500)
        let judges = Swift.stride(from: 0, to: bench.judges.count, by: stride).map { bench.judges[$0] }
        let lists = await Parallel.map(judges.count, threads: threads) { range in
            range.map { finder.collaborative(cutoff, for: judges[$0]).map(\.row) }
        }
        var metrics = RankingMetrics(cutoff: cutoff)
        for (person, list) in zip(judges, lists) { metrics.add(ranked: list, relevant: Set(bench.futureLikes[person])) }
        return metrics
    }
}
