internal import LinearMath

/// Implicit alternating least squares with conjugate-gradient row updates (Takács, Pilászy & Tikk 2011).
public enum ImplicitALS {
    /// Factorises a matrix. Equal input and parameters give equal bits, whatever the number of threads.
    ///
    /// Each iteration solves the rows and then the columns; a last pass solves the rows to the end, so that a row's factors are what
    /// `Factorization.foldIn` gives for its interactions.
    ///
    /// - Parameter progress: Called after each iteration with the number done and their total.
    public static func fit(
        _ matrix: InteractionMatrix, _ parameters: ALSParameters, progress: (@Sendable (Int, Int) -> Void)? = nil
    ) -> Factorization {
        precondition(parameters.factors > 0 && parameters.iterations >= 0, "ALS needs factors, and no negative number of iterations.")
        let rows = ALSSide(matrix.byRow, parameters)
        let columns = ALSSide(matrix.byColumn, parameters)
        var generator = SeededGenerator(seed: parameters.seed)
        var rowFactors = Self.initialFactors(matrix.byRow, parameters, &generator)
        var columnFactors = Self.initialFactors(matrix.byColumn, parameters, &generator)
        for iteration in 0..<parameters.iterations {
            rows.update(&rowFactors, against: columnFactors, steps: parameters.conjugateGradientSteps)
            columns.update(&columnFactors, against: rowFactors, steps: parameters.conjugateGradientSteps)
            progress?(iteration + 1, parameters.iterations)
        }
        rows.update(&rowFactors, against: columnFactors, steps: max(parameters.factors, 10))
        return Factorization(parameters: parameters, rowFactors: rowFactors, columnFactors: columnFactors)
    }

    /// The loss that training lowers.
    public static func loss(_ matrix: InteractionMatrix, _ model: Factorization) -> Double {
        let parameters = model.parameters
        let dimension = model.dimension
        // Σ_all ŷ² is the inner product of the two Gram matrices.
        var loss = zip(model.rowGram, model.columnGram).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        loss *= Double(parameters.unobservedWeight)
        for entry in matrix.entries {
            let score = Double(model.score(row: Int(entry.row), column: Int(entry.column)))
            // α₀ŷ² + wŷ² − 2bŷ + b = the weighted squared error of the cell.
            let target = Double(parameters.observationTarget(entry.weight))
            loss += Double(parameters.observationWeight(entry.weight)) * score * score - 2 * target * score + target
        }
        for (side, factors) in [(matrix.byRow, model.rowFactors), (matrix.byColumn, model.columnFactors)] {
            for row in 0..<side.rowCount {
                let vector = factors[row * dimension..<(row + 1) * dimension]
                let lambda = parameters.regularization(degree: side.degree(of: row), otherCount: side.columnCount)
                loss += Double(lambda) * vector.reduce(0) { $0 + Double($1) * Double($1) }
            }
        }
        return loss
    }

    /// Normal, with a standard deviation of 0.1/√factors; rows without entries stay zero, which is their solution.
    private static func initialFactors(
        _ side: CompressedRows, _ parameters: ALSParameters, _ generator: inout SeededGenerator
    ) -> [Float] {
        let deviation = 0.1 / Double(parameters.factors).squareRoot()
        var factors = [Float](repeating: 0, count: side.rowCount * parameters.factors)
        for row in 0..<side.rowCount where side.degree(of: row) > 0 {
            for index in row * parameters.factors..<(row + 1) * parameters.factors {
                factors[index] = Float(generator.gaussian() * deviation)
            }
        }
        return factors
    }
}
