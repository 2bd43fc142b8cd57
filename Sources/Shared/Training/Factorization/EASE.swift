internal import CKernels

/// Embarrassingly shallow autoencoder (Steck 2019): the item-to-item matrix B with a zero diagonal that minimises
/// ‖X − XB‖² + λ‖B‖², in closed form.
///
/// Dense in the columns: n² floats and n³ operations, hence meant for at most `maximumColumns`.
public struct EASE: Sendable {
    public static let maximumColumns = 6000
    private static let widthWorthThreads = 3000

    public let columnCount: Int
    /// B, row-major.
    public let weights: [Float]

    /// Fits the matrix.
    ///
    /// - Returns: `nil` if there are too many columns, or if `regularization` is too small for float32.
    public static func fit(_ matrix: InteractionMatrix, regularization: Float, threads: Int = 2) -> EASE? {
        let n = matrix.columnCount
        guard n > 0, n <= Self.maximumColumns, regularization > 0 else { return nil }
        var inverse = Self.gram(matrix)
        for i in 0..<n { inverse[i * n + i] += regularization }
        // Threads of OpenBLAS wait for one another by spinning, which costs more than it brings where there is little to do.
        guard BLAS.invertPositiveDefinite(&inverse, width: n, threads: n < Self.widthWorthThreads ? 1 : threads) else { return nil }
        let diagonal = (0..<n).map { inverse[$0 * n + $0] }
        var weights = inverse.mutableSpan
        for i in 0..<n {
            for j in 0..<n { weights[i * n + j] = i == j ? 0 : -weights[i * n + j] / diagonal[j] }
        }
        return EASE(columnCount: n, weights: inverse)
    }

    /// Adds a row's scores: Σ weight · B[column, …] over its interactions.
    func addScores(columns: ArraySlice<Int32>, weights: ArraySlice<Float>, into scores: inout [Float]) {
        let n = self.columnCount
        unsafe self.weights.withUnsafeBufferPointer { matrix in
            guard let base = matrix.baseAddress else { return }
            for (column, weight) in zip(columns, weights) { unsafe duet_axpy(weight, base + Int(column) * n, &scores, n) }
        }
    }

    /// XᵀX from the sparse rows.
    private static func gram(_ matrix: InteractionMatrix) -> [Float] {
        let n = matrix.columnCount
        var result = [Float](repeating: 0, count: n * n)
        var span = result.mutableSpan
        for row in 0..<matrix.rowCount {
            let range = matrix.byRow.range(of: row)
            for a in range {
                let start = Int(matrix.byRow.indices[a]) * n
                for b in range.lowerBound...a {
                    span[start + Int(matrix.byRow.indices[b])] += matrix.byRow.weights[a] * matrix.byRow.weights[b]
                }
            }
        }
        return result
    }
}
