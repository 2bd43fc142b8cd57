public import Domain

/// How stage 1 of a model was made and how it is asked.
public struct Retrieval: Hashable, Sendable {
    /// Parameters of the implicit matrix factorisation: loss α·Σ r·(1 − ŷ)² over likes, α₀·Σ ŷ² over all pairs, and λ = reg · (degree + α₀·n)^ν
    /// (Rendle et al., "Revisiting the Performance of iALS on Item Recommendation Benchmarks", 2021).
    public struct Factorization: Hashable, Sendable {
        public var factors: Int
        public var iterations: Int
        /// Weight α of a like.
        public var alpha: Double
        public var regularization: Double
        /// Exponent ν of the frequency scaling of the regularisation.
        public var regularizationExponent: Double
        /// Weight α₀ of a pair that was never seen.
        public var unobservedWeight: Double
        public var seed: UInt64

        public init(
            factors: Int, iterations: Int, alpha: Double, regularization: Double, regularizationExponent: Double, unobservedWeight: Double,
            seed: UInt64
        ) {
            self.factors = factors
            self.iterations = iterations
            self.alpha = alpha
            self.regularization = regularization
            self.regularizationExponent = regularizationExponent
            self.unobservedWeight = unobservedWeight
            self.seed = seed
        }
    }

    public var factorization: Factorization
    /// How many candidates each source may propose.
    public var quotas: [CandidateSource: Int]

    public init(factorization: Factorization, quotas: [CandidateSource: Int]) {
        self.factorization = factorization
        self.quotas = quotas
    }
}
