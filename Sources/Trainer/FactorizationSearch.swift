internal import Domain
internal import Features
internal import Glibc
internal import LinearMath
internal import Models
internal import Training

/// Looks for the setting of stage 1 that does best on the past, judged by the future.
///
/// A few usual settings, of sparse and of dense likes, then one coordinate after the other from the best of them, in steps that grow finer,
/// until nothing helps or the budget is spent. The budget follows from the size of the data and not from a clock, so that a run repeats.
struct FactorizationSearch {
    /// At most this many settings are tried.
    let budget: Int
    private(set) var trialCount = 0
    private var queue: [FactorizationTrial]
    private var known: Set<FactorizationTrial>
    private var best: (trial: FactorizationTrial, quality: Double)?
    private let isFixed: Bool
    private var steps: [Double] = [3, 1.7]
    private var axis = 0
    /// Whether any step of this round has helped.
    private var hasHelped = false

    private static let axisCount = 4

    /// - Parameters:
    ///   - likes: The more there are, the fewer settings are tried, since each costs more.
    ///   - fixed: Settings that are compared, and no others; empty: a search.
    ///   - effort: Multiplies the number of settings that are tried beyond the usual ones, and adds a finer step.
    init(people: Int, likes: Int, fixed: [FactorizationTrial], effort: Int = 1) {
        self.isFixed = !fixed.isEmpty
        self.queue = self.isFixed ? fixed : Self.usual(people: people)
        self.known = Set(self.queue)
        self.budget = self.isFixed ? fixed.count : self.queue.count + effort * min(24, 1_000_000 / max(1, likes))
        if effort > 1 { self.steps.append(1.25) }
    }

    private static func usual(people: Int) -> [FactorizationTrial] {
        let factors = people < 500 ? 8 : 16
        return [
            FactorizationTrial(factors: factors, unobservedMass: 200, regularization: 0.005, regularizationExponent: 1),
            FactorizationTrial(factors: factors, unobservedMass: 50, regularization: 0.02, regularizationExponent: 1),
            FactorizationTrial(factors: 2 * factors, unobservedMass: 200, regularization: 0.01, regularizationExponent: 1),
            FactorizationTrial(factors: 2 * factors, unobservedMass: 50, regularization: 0.01, regularizationExponent: 1),
            FactorizationTrial(factors: 2 * factors, unobservedMass: 100, regularization: 0.05, regularizationExponent: 1),
        ]
    }

    /// The setting to try now; `nil` at the end.
    mutating func next() -> FactorizationTrial? {
        guard self.trialCount < self.budget else { return nil }
        while self.queue.isEmpty {
            guard !self.isFixed, self.advance() else { return nil }
        }
        self.trialCount += 1
        return self.queue.removeFirst()
    }

    mutating func judged(_ trial: FactorizationTrial, quality: Double) {
        guard quality > self.best?.quality ?? -1 else { return }
        self.hasHelped = self.best != nil
        self.best = (trial, quality)
    }

    /// Queues the steps along the next axis; after a round that didn't help, finer ones.
    private mutating func advance() -> Bool {
        guard let best, let step = self.steps.first else { return false }
        if self.axis == Self.axisCount {
            self.axis = 0
            if !self.hasHelped { self.steps.removeFirst() }
            self.hasHelped = false
            return !self.steps.isEmpty
        }
        let trial = best.trial
        var options: [FactorizationTrial] = []
        func add(_ change: (inout FactorizationTrial) -> Void) {
            var option = trial
            change(&option)
            options.append(option)
        }
        switch self.axis {
        case 0: for factor in [1 / step, step] { add { $0.regularization *= factor } }
        case 1: for factor in [1 / step, step] { add { $0.unobservedMass *= factor } }
        case 2: for factors in [trial.factors / 2, 2 * trial.factors] where (8...128).contains(factors) { add { $0.factors = factors } }
        default: for exponent in [0.5, 1] { add { $0.rescale(to: exponent) } }
        }
        self.axis += 1
        self.queue = options.filter { self.known.insert($0).inserted }
        return true
    }

    static func parameters(_ trial: FactorizationTrial, people: Int, seed: UInt64) -> Retrieval.Factorization {
        Retrieval.Factorization(
            factors: trial.factors, iterations: trial.iterations, alpha: 1,
            regularization: trial.regularization, regularizationExponent: trial.regularizationExponent,
            unobservedWeight: min(1, trial.unobservedMass / Double(max(1, people))), seed: seed)
    }

    /// NDCG of the judges' future likes among the best `cutoff` of stage 1, over at most 1000 judges. Stage 2 takes over both, whom stage 1
    /// finds and in what order, so recall alone would not do.
    static func quality(_ bench: Workbench, _ finder: CandidateFinder, cutoff: Int, threads: Int) async -> Double {
        let stride = max(1, bench.judges.count / 1000)
        let judges = Swift.stride(from: 0, to: bench.judges.count, by: stride).map { bench.judges[$0] }
        let lists = await Parallel.map(judges.count, threads: threads) { range in
            range.map { finder.collaborative(cutoff, for: judges[$0]).map(\.row) }
        }
        var metrics = RankingMetrics(cutoff: cutoff)
        for (person, list) in zip(judges, lists) { metrics.add(ranked: list, relevant: Set(bench.futureLikes[person])) }
        return metrics.ndcg
    }
}

extension FactorizationTrial {
    /// Another exponent with about the same regularisation of a person with few likes beside the mass of what was never seen.
    fileprivate mutating func rescale(to exponent: Double) {
        guard exponent != self.regularizationExponent else { return }
        let exposure = self.unobservedMass + 20
        self.regularization *= pow(exposure, self.regularizationExponent - exponent)
        self.regularizationExponent = exponent
    }
}
