/// Factors of a person from the interactions alone: one regularised least-squares solve against fixed factors of the other side.
///
/// Solves (α₀·G + λ·I + Σ wₖ·fₖfₖᵀ)·x = Σ bₖ·fₖ with G = Σ f·fᵀ over all rows of the other side: the row update of implicit ALS
/// (Hu, Koren & Volinsky 2008), by Cholesky in double precision.
public struct FoldInSolver: Sendable {
    /// One interaction: the other side's row and what it adds to the normal equations.
    public struct Observation: Sendable {
        public var row: Int
        /// wₖ, added confidence.
        public var weight: Float
        /// bₖ, confidence times preference.
        public var target: Float

        public init(row: Int, weight: Float, target: Float) {
            (self.row, self.weight, self.target) = (row, weight, target)
        }
    }

    public let dimension: Int
    /// α₀·G, row-major, both triangles.
    public let scaledGram: [Double]

    /// - Parameters:
    ///   - gram: Σ f·fᵀ over all rows of the other side, row-major.
    ///   - unobservedWeight: α₀.
    public init(gram: [Float], dimension: Int, unobservedWeight: Float) {
        precondition(gram.count == dimension * dimension, "The Gram matrix must be square.")
        self.dimension = dimension
        self.scaledGram = gram.map { Double($0) * Double(unobservedWeight) }
    }

    /// Computes the Gram matrix of row-major factors, for `init`.
    public static func gram(of factors: [Float], dimension: Int) -> [Float] {
        var sums = [Double](repeating: 0, count: dimension * dimension)
        for start in stride(from: 0, to: factors.count, by: dimension) {
            for i in 0..<dimension {
                let x = Double(factors[start + i])
                for j in 0...i { sums[i * dimension + j] += x * Double(factors[start + j]) }
            }
        }
        return (0..<dimension * dimension).map { index in
            let (i, j) = (index / dimension, index % dimension)
            return Float(sums[max(i, j) * dimension + min(i, j)])
        }
    }

    /// Solves for one person.
    ///
    /// - Parameter factors: The other side's factors, row-major.
    /// - Returns: The factors; zeros without observations.
    public func solve(_ observations: [Observation], factors: [Float], regularization: Float) -> [Float] {
        let n = self.dimension
        guard !observations.isEmpty else { return [Float](repeating: 0, count: n) }
        var matrix = self.scaledGram
        var right = [Double](repeating: 0, count: n)
        for i in 0..<n { matrix[i * n + i] += Double(regularization) }
        for observation in observations {
            let start = observation.row * n
            for i in 0..<n {
                let x = Double(factors[start + i])
                right[i] += Double(observation.target) * x
                let weighted = Double(observation.weight) * x
                for j in 0...i { matrix[i * n + j] += weighted * Double(factors[start + j]) }
            }
        }
        Cholesky.solve(&matrix, &right)
        return right.map(Float.init)
    }
}
