internal import COpenBLAS

/// The few dense routines that come from OpenBLAS.
enum BLAS {
    /// Σ fᵀ·f over the rows of a row-major matrix, both triangles filled.
    ///
    /// On one thread: the order of the sums, and so every bit, stays the same on any machine load.
    static func gram(_ matrix: [Float], width: Int) -> [Float] {
        var result = [Float](repeating: 0, count: width * width)
        guard !matrix.isEmpty else { return result }
        openblas_set_num_threads(1)
        let n = Int32(truncatingIfNeeded: width)
        unsafe cblas_ssyrk(
            CblasRowMajor, CblasLower, CblasTrans, n, Int32(truncatingIfNeeded: matrix.count / width), 1, matrix, n, 0, &result, n)
        Self.mirrorLower(&result, width: width)
        return result
    }

    /// Inverts a symmetric positive definite matrix in place; only the lower triangle (row-major) is read.
    ///
    /// - Returns: False if the matrix is not positive definite; its content is undefined then.
    static func invertPositiveDefinite(_ matrix: inout [Float], width: Int, threads: Int) -> Bool {
        openblas_set_num_threads(Int32(truncatingIfNeeded: threads))
        defer { openblas_set_num_threads(1) }
        // The lower triangle by rows is the upper one by columns.
        var uplo = CChar(UInt8(ascii: "U"))
        var n = Int32(truncatingIfNeeded: width)
        var leading = n
        var status: Int32 = 0
        unsafe spotrf_(&uplo, &n, &matrix, &leading, &status)
        guard status == 0 else { return false }
        unsafe spotri_(&uplo, &n, &matrix, &leading, &status)
        guard status == 0 else { return false }
        Self.mirrorLower(&matrix, width: width)
        return true
    }

    private static func mirrorLower(_ matrix: inout [Float], width: Int) {
        var span = matrix.mutableSpan
        for i in 0..<width {
            for j in 0..<i { span[j * width + i] = span[i * width + j] }
        }
    }
}
