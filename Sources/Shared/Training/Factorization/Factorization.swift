internal import LinearMath

/// Two tables of factors whose inner products approximate an interaction matrix.
public struct Factorization: Sendable {
    public let parameters: ALSParameters
    public let dimension: Int
    /// Row-major.
    public let rowFactors: [Float]
    /// Row-major: one row for each column of the matrix.
    public let columnFactors: [Float]
    /// Σ yᵀ·y over the column factors.
    public let columnGram: [Float]
    /// Σ xᵀ·x over the row factors.
    public let rowGram: [Float]

    init(parameters: ALSParameters, rowFactors: [Float], columnFactors: [Float]) {
        self.parameters = parameters
        self.dimension = parameters.factors
        self.rowFactors = rowFactors
        self.columnFactors = columnFactors
        self.columnGram = BLAS.gram(columnFactors, width: parameters.factors)
        self.rowGram = BLAS.gram(rowFactors, width: parameters.factors)
    }

    public var rowCount: Int { self.rowFactors.count / self.dimension }
    public var columnCount: Int { self.columnFactors.count / self.dimension }

    public func rowVector(_ row: Int) -> [Float] { Array(self.rowFactors[row * self.dimension..<(row + 1) * self.dimension]) }

    public func columnVector(_ column: Int) -> [Float] {
        Array(self.columnFactors[column * self.dimension..<(column + 1) * self.dimension])
    }

    public func score(row: Int, column: Int) -> Float {
        DotProduct.compute(
            self.rowFactors.span.extracting(row * self.dimension..<(row + 1) * self.dimension),
            self.columnFactors.span.extracting(column * self.dimension..<(column + 1) * self.dimension))
    }

    /// Factors of a row from its interactions alone: what training would give it with the columns as they are.
    public func foldIn(_ interactions: [(column: Int32, weight: Float)]) -> [Float] {
        self.solve(
            interactions.map { ($0.column, $0.weight) }, gram: self.columnGram, factors: self.columnFactors,
            otherCount: self.columnCount)
    }

    /// Factors of a column from the rows that interact with it.
    public func foldIn(column interactions: [(row: Int32, weight: Float)]) -> [Float] {
        self.solve(
            interactions.map { ($0.row, $0.weight) }, gram: self.rowGram, factors: self.rowFactors, otherCount: self.rowCount)
    }

    private func solve(_ interactions: [(Int32, Float)], gram: [Float], factors: [Float], otherCount: Int) -> [Float] {
        let solver = FoldInSolver(gram: gram, dimension: self.dimension, unobservedWeight: self.parameters.unobservedWeight)
        let observations = interactions.map { index, weight in
            FoldInSolver.Observation(
                row: Int(index), weight: self.parameters.observationWeight(weight), target: self.parameters.observationTarget(weight))
        }
        return solver.solve(
            observations, factors: factors,
            regularization: self.parameters.regularization(degree: interactions.count, otherCount: otherCount))
    }
}
