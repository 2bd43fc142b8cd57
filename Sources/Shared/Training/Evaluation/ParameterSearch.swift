internal import Glibc

/// Looks for the parameters of each family that do best on the validation part.
///
/// A coordinate search from usual values. How many settings it tries follows from the estimated work and not from a clock, so that a
/// run repeats. With several validation parts a setting is judged by all of them, unless the first one shows it to be hopeless.
struct ParameterSearch {
    struct Trial: Sendable {
        let specification: ModelSpecification
        let quality: Double
        /// By validation part; fewer than there are for a setting that was given up.
        var parts: [Double] = []
    }

    /// A setting that falls behind the family's best by this share on the first part is given up.
    private static let surrenderShare = 0.015
    private static let alsRounds = 4

    private let validations: [ValidationSet]
    private let interactions: Int
    private let seed: UInt64
    private let threads: Int
    private let progress: (@Sendable (String) -> Void)?
    private var trials: [Trial] = []
    private var spent: [ModelSpecification.Family: Double] = [:]

    /// - Parameter interactions: The number that the budget grows with.
    init(
        validations: [ValidationSet], interactions: Int, seed: UInt64, threads: Int, progress: (@Sendable (String) -> Void)?
    ) {
        precondition(!validations.isEmpty, "A search needs something to judge by.")
        self.validations = validations
        self.interactions = interactions
        self.seed = seed
        self.threads = threads
        self.progress = progress
    }

    /// The best setting of a family; `nil` where it doesn't apply.
    mutating func best(of family: ModelSpecification.Family) -> Trial? {
        switch family {
        case .ials: self.searchALS()
        case .ease: self.searchEASE()
        case .itemKNN, .userKNN: self.searchNeighbours(family)
        case .popularity: self.attempt(.popularity)
        }
    }

    /// Three decimals, for people.
    static func rounded(_ quality: Double) -> Double { (quality * 1000).rounded() / 1000 }

    /// Tries a setting, unless that is beyond the family's budget or not possible.
    private mutating func attempt(_ specification: ModelSpecification) -> Trial? {
        if let known = self.trials.first(where: { $0.specification == specification }) { return known }
        let family = specification.family
        let budget = SplitEvaluation.Validation.budgetPerInteraction[family, default: 0] * Double(self.interactions)
        let best = self.trials.filter { $0.specification.family == family && $0.parts.count == self.validations.count }
            .max { $0.quality < $1.quality }
        // Of a setting that can't be paid for on every part nothing is begun.
        let work = self.validations.reduce(0.0) { $0 + specification.work(on: $1.matrix) }
        guard self.spent[family, default: 0] + work <= budget else { return nil }
        var parts: [Double] = []
        for validation in self.validations {
            guard let model = specification.fitted(to: validation.matrix, threads: self.threads) else { return nil }
            self.spent[family, default: 0] += specification.work(on: validation.matrix)
            parts.append(validation.quality(of: model, threads: self.threads))
            if let best, let first = best.parts.first, parts[0] < (1 - Self.surrenderShare) * first { break }
        }
        var quality = parts.reduce(0, +) / Double(parts.count)
        if let best, let first = best.parts.first, parts.count < self.validations.count { quality = best.quality + parts[0] - first }
        let trial = Trial(specification: specification, quality: quality, parts: parts)
        self.trials.append(trial)
        let settings = specification.parameters.sorted { $0.key < $1.key }.map { "\($0)=\(Float($1))" }
        self.progress?(([family.rawValue] + settings).joined(separator: " ") + ": \(Self.rounded(trial.quality))")
        return trial
    }

    private mutating func best(_ specifications: [ModelSpecification], startingFrom start: Trial? = nil) -> Trial? {
        var best = start
        for specification in specifications {
            guard let trial = self.attempt(specification) else { continue }
            if trial.quality > best?.quality ?? -1 { best = trial }
        }
        return best
    }

    // MARK: Factorisation

    /// A place in the space of settings. λ is the regularisation of an average row, so that exponents compare.
    private struct ALSPoint {
        var unobservedWeight: Float = 0.1
        var lambda: Float = 3
        var exponent: Float = 1
        var factors = 32
        var iterations = 12

        func replacing<Value>(_ path: WritableKeyPath<Self, Value>, _ value: Value) -> Self {
            var copy = self
            copy[keyPath: path] = value
            return copy
        }

        func specification(meanDegree: Float, columns: Float, seed: UInt64) -> ModelSpecification {
            .ials(
                ALSParameters(
                    factors: self.factors, iterations: self.iterations, unobservedWeight: self.unobservedWeight,
                    regularization: self.lambda / powf(meanDegree + self.unobservedWeight * columns, self.exponent),
                    regularizationExponent: self.exponent, seed: seed))
        }
    }

    /// One coordinate after the other in wide steps, then in fine ones until they no longer help.
    ///
    /// The weight of what was not observed and the regularisation balance each other, so both are moved together, too.
    private mutating func searchALS() -> Trial? {
        let matrix = self.validations[0].matrix
        let columns = Float(matrix.columnCount)
        let meanDegree = Float(matrix.entryCount) / Float(max(matrix.rowCount, 1))
        var point = ALSPoint()
        guard var best = self.attempt(point.specification(meanDegree: meanDegree, columns: columns, seed: self.seed)) else { return nil }
        for round in 0..<Self.alsRounds {
            let steps: [Float] = round == 0 ? [1 / 9, 1 / 3, 3, 9] : [1 / 1.6, 1.6]
            let axes: [(ALSPoint) -> [ALSPoint]] = [
                { at in steps.map { at.replacing(\.unobservedWeight, at.unobservedWeight * $0) } },
                { at in steps.map { at.replacing(\.lambda, at.lambda * $0) } },
                { at in (round == 0 ? [0, 0.5, 0.75] : []).map { at.replacing(\.exponent, $0) } },
                { at in
                    (round == 0 ? [16, 64, 128] : round == 1 ? [at.factors / 4 * 3, min(128, at.factors / 2 * 3)] : [])
                        .map { at.replacing(\.factors, $0) }
                },
                { at in
                    (round == 0 ? [1 / 1.6, 1.6] : steps).map {
                        at.replacing(\.unobservedWeight, at.unobservedWeight * $0).replacing(\.lambda, at.lambda * $0)
                    }
                },
            ]
            let before = best.quality
            for axis in axes {
                for option in axis(point) {
                    let specification = option.specification(meanDegree: meanDegree, columns: columns, seed: self.seed)
                    guard let trial = self.attempt(specification), trial.quality > best.quality else { continue }
                    (best, point) = (trial, option)
                }
            }
            if round > 0, best.quality == before { break }
        }
        let longer = point.replacing(\.iterations, 2 * point.iterations)
        if let trial = self.attempt(longer.specification(meanDegree: meanDegree, columns: columns, seed: self.seed)),
            trial.quality > best.quality
        {
            best = trial
        }
        return best
    }

    // MARK: Closed forms and neighbours

    private mutating func searchEASE() -> Trial? {
        guard let coarse = self.best([30, 100, 300, 1000].map { .ease(regularization: $0) }),
            case .ease(let regularization) = coarse.specification
        else { return nil }
        return self.best([regularization * 0.6, regularization * 1.7].map { .ease(regularization: $0) }, startingFrom: coarse)
    }

    private mutating func searchNeighbours(_ family: ModelSpecification.Family) -> Trial? {
        func specification(_ p: NeighbourParameters) -> ModelSpecification { family == .itemKNN ? .itemKNN(p) : .userKNN(p) }
        var point = NeighbourParameters()
        guard var best = self.attempt(specification(point)) else { return nil }
        for _ in 0..<2 {
            let axes: [[(inout NeighbourParameters) -> Void]] = [
                [0, 0.5, 1].map { value in { $0.sharedExponent = value } },
                [0.3, 0.5, 0.7].map { value in { $0.targetExponent = value } },
                [0.3, 0.5, 0.7].map { value in { $0.sourceExponent = value } },
                [30, 100, 300, 1000].map { value in { $0.neighbours = value } },
                [0, 1, 10, 50].map { value in { $0.shrinkage = value } },
            ]
            let before = point
            for axis in axes {
                for change in axis {
                    var option = point
                    change(&option)
                    guard let trial = self.attempt(specification(option)) else { continue }
                    if trial.quality > best.quality { (best, point) = (trial, option) }
                }
            }
            if point == before { break }
        }
        return best
    }
}
