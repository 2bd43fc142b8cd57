internal import Glibc

/// What implicit alternating least squares minimises, and how.
///
/// With preference 1 for observed cells, loss = α₀ Σ_all ŷ² + Σ_observed(…) + Σ_u λ_u‖x_u‖² + Σ_i λ_i‖y_i‖², where the regularisation is
/// scaled by frequency: λ_u = regularization · (|N_u| + α₀·n)^ν, n being the size of the other side (Rendle et al., "Revisiting the
/// Performance of iALS on Item Recommendation Benchmarks", 2021).
public struct ALSParameters: Sendable, Hashable {
    public enum Objective: String, Sendable, Hashable, CaseIterable {
        /// Confidence α₀ + α·r on observed cells, α₀ elsewhere (Hu, Koren & Volinsky 2008 for α₀ = 1).
        case confidence
        /// α·r·(1 − ŷ)² on observed cells beside α₀·ŷ² on all (Rendle et al. 2021).
        case unobservedWeight
    }

    public var objective: Objective
    /// Length of the factors.
    public var factors: Int
    public var iterations: Int
    /// α, the weight of an observation.
    public var alpha: Float
    /// α₀, the weight of every cell.
    public var unobservedWeight: Float
    public var regularization: Float
    /// ν: 0 regularises all rows alike, 1 in proportion to what was seen of them.
    public var regularizationExponent: Float
    /// Conjugate-gradient steps of a row update, which start at the row's previous value.
    public var conjugateGradientSteps: Int
    public var seed: UInt64
    /// Threads; the result does not depend on it.
    public var threads: Int

    public init(
        objective: Objective = .unobservedWeight, factors: Int = 64, iterations: Int = 15, alpha: Float = 1,
        unobservedWeight: Float = 0.1, regularization: Float = 0.003, regularizationExponent: Float = 1,
        conjugateGradientSteps: Int = 3, seed: UInt64 = 1, threads: Int = 2
    ) {
        self.objective = objective
        self.factors = factors
        self.iterations = iterations
        self.alpha = alpha
        self.unobservedWeight = unobservedWeight
        self.regularization = regularization
        self.regularizationExponent = regularizationExponent
        self.conjugateGradientSteps = conjugateGradientSteps
        self.seed = seed
        self.threads = threads
    }

    /// λ of a row with `degree` observations among `otherCount` possible ones.
    public func regularization(degree: Int, otherCount: Int) -> Float {
        let exposure = Float(degree) + self.unobservedWeight * Float(otherCount)
        return self.regularization * powf(exposure, self.regularizationExponent)
    }

    /// What an observation adds to the normal matrix.
    public func observationWeight(_ weight: Float) -> Float { self.alpha * weight }

    /// What an observation adds to the right side.
    public func observationTarget(_ weight: Float) -> Float {
        self.alpha * weight + (self.objective == .confidence ? self.unobservedWeight : 0)
    }
}
