/// Cholesky decomposition of small symmetric positive matrices, in double precision.
public enum Cholesky {
    /// Solves A·x = b in place; only the lower triangle of the row-major matrix is read, and is overwritten by its factor.
    ///
    /// A pivot that rounding (or a semidefinite matrix) makes non-positive is lifted to a tiny positive one, which leaves that
    /// direction of the solution near zero.
    public static func solve(_ matrix: inout [Double], _ right: inout [Double]) {
        let n = right.count
        precondition(matrix.count == n * n, "The matrix must be square and match the right side.")
        for i in 0..<n {
            for j in 0...i {
                var sum = matrix[i * n + j]
                for k in 0..<j { sum -= matrix[i * n + k] * matrix[j * n + k] }
                matrix[i * n + j] = i == j ? max(sum, 1e-12).squareRoot() : sum / matrix[j * n + j]
            }
        }
        for i in 0..<n {
            for k in 0..<i { right[i] -= matrix[i * n + k] * right[k] }
            right[i] /= matrix[i * n + i]
        }
        for i in stride(from: n - 1, through: 0, by: -1) {
            for k in i + 1..<n { right[i] -= matrix[k * n + i] * right[k] }
            right[i] /= matrix[i * n + i]
        }
    }
}
