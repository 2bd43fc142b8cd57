/// A collaborative model with its parameters, not yet fitted.
enum ModelSpecification: Sendable, Hashable {
    case ials(ALSParameters)
    case ease(regularization: Float)
    case itemKNN(NeighbourParameters)
    case userKNN(NeighbourParameters)
    case popularity

    enum Family: String, Sendable, CaseIterable {
        case ials, ease, itemKNN = "item-knn", userKNN = "user-knn", popularity
    }

    var family: Family {
        switch self {
        case .ials: .ials
        case .ease: .ease
        case .itemKNN: .itemKNN
        case .userKNN: .userKNN
        case .popularity: .popularity
        }
    }

    /// Parameters by the names that the command line takes.
    var parameters: [String: Double] {
        switch self {
        case .ials(let p):
            [
                "factors": Double(p.factors), "iterations": Double(p.iterations), "alpha": Double(p.alpha),
                "unobserved_weight": Double(p.unobservedWeight), "regularization": Double(p.regularization),
                "exponent": Double(p.regularizationExponent),
            ]
        case .ease(let regularization):
            ["regularization": Double(regularization)]
        case .itemKNN(let p), .userKNN(let p):
            [
                "neighbours": Double(p.neighbours), "shrinkage": Double(p.shrinkage), "source_exponent": Double(p.sourceExponent),
                "target_exponent": Double(p.targetExponent), "shared_exponent": Double(p.sharedExponent),
            ]
        case .popularity: [:]
        }
    }

    /// The same model with some parameters replaced.
    func replacing(_ changes: [String: Double]) throws(SplitEvaluationError) -> ModelSpecification {
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            guard self.parameters[name] != nil else {
                let known = self.parameters.keys.sorted().joined(separator: ", ")
                throw SplitEvaluationError(.badParameter, "\(self.family.rawValue) has no parameter \(name); it has: \(known).")
            }
            let isCount = ["factors", "iterations", "neighbours"].contains(name)
            guard value.isFinite, value >= 0, !isCount || (value >= 1 && value <= 100_000 && value == value.rounded()) else {
                throw SplitEvaluationError(.badParameter, "\(name)=\(value) is not a usable value.")
            }
        }
        func value(_ name: String, _ old: Float) -> Float { changes[name].map(Float.init) ?? old }
        func count(_ name: String, _ old: Int) -> Int { changes[name].map { Int($0) } ?? old }
        switch self {
        case .ials(var p):
            p.factors = count("factors", p.factors)
            p.iterations = count("iterations", p.iterations)
            p.alpha = value("alpha", p.alpha)
            p.unobservedWeight = value("unobserved_weight", p.unobservedWeight)
            p.regularization = value("regularization", p.regularization)
            p.regularizationExponent = value("exponent", p.regularizationExponent)
            return .ials(p)
        case .ease(let regularization):
            return .ease(regularization: value("regularization", regularization))
        case .itemKNN(let p): return .itemKNN(p.replacing(value, count))
        case .userKNN(let p): return .userKNN(p.replacing(value, count))
        case .popularity: return self
        }
    }

    /// An estimate of a fit's work: floating-point operations of a plain loop.
    func work(on matrix: InteractionMatrix) -> Double {
        switch self {
        case .ials(let p):
            let factors = Double(p.factors)
            let entries = 8 * Double(matrix.entryCount) * factors
            let rows = 2 * Double(matrix.rowCount + matrix.columnCount) * factors * factors
            return Double(p.iterations + 1) * Double(p.conjugateGradientSteps + 1) * (entries + rows)
        case .ease:
            let columns = Double(matrix.columnCount)
            return columns * columns * columns / 10  // Blocked and on all lanes.
        case .itemKNN: return Self.sharedSteps(matrix.byRow)
        case .userKNN: return Self.sharedSteps(matrix.byColumn)
        case .popularity: return Double(matrix.entryCount)
        }
    }

    /// Walking all that pairs share, about ten operations a step, most of them waiting for memory.
    private static func sharedSteps(_ shared: CompressedRows) -> Double {
        (0..<shared.rowCount).reduce(0.0) { $0 + Double(shared.degree(of: $1)) * Double(shared.degree(of: $1)) * 10 }
    }

    /// Fits the model; `nil` where it doesn't fit the matrix (EASE with too many columns).
    func fitted(to matrix: InteractionMatrix, threads: Int) -> FittedModel? {
        switch self {
        case .ials(var parameters):
            parameters.threads = threads
            return .ials(ImplicitALS.fit(matrix, parameters))
        case .ease(let regularization):
            return EASE.fit(matrix, regularization: regularization, threads: threads).map(FittedModel.ease)
        case .itemKNN(let parameters): return .itemKNN(ItemKNN.fit(matrix, parameters, threads: threads))
        case .userKNN(let parameters): return .userKNN(UserKNN.fit(matrix, parameters, threads: threads))
        case .popularity: return .popularity(Popularity.fit(matrix))
        }
    }
}

extension NeighbourParameters {
    fileprivate func replacing(_ value: (String, Float) -> Float, _ count: (String, Int) -> Int) -> NeighbourParameters {
        NeighbourParameters(
            neighbours: count("neighbours", self.neighbours), shrinkage: value("shrinkage", self.shrinkage),
            sourceExponent: value("source_exponent", self.sourceExponent),
            targetExponent: value("target_exponent", self.targetExponent),
            sharedExponent: value("shared_exponent", self.sharedExponent))
    }
}
