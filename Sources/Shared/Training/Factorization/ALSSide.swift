internal import CKernels

/// One side of the matrix, ready for its half of an iteration.
struct ALSSide: Sendable {
    private let rows: CompressedRows
    private let parameters: ALSParameters
    /// wₖ and bₖ of each entry.
    private let weights: [Float]
    private let targets: [Float]

    init(_ rows: CompressedRows, _ parameters: ALSParameters) {
        self.rows = rows
        self.parameters = parameters
        self.weights = rows.weights.map(parameters.observationWeight)
        self.targets = rows.weights.map(parameters.observationTarget)
    }

    /// Solves every row of `factors` against the fixed factors of the other side, from its present value on.
    func update(_ factors: inout [Float], against other: [Float], steps: Int) {
        let dimension = self.parameters.factors
        let gram = BLAS.gram(other, width: dimension).map { $0 * self.parameters.unobservedWeight }
        unsafe factors.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            // Each row is written by one thread only, and no row reads another one of its side.
            nonisolated(unsafe) let start = unsafe base
            ParallelRanges.forEach(count: self.rows.rowCount, chunk: 64, threads: self.parameters.threads) { range in
                var workspace = Workspace(dimension: dimension)
                for row in range {
                    unsafe self.solve(row, start + row * dimension, gram: gram, other: other, steps: steps, &workspace)
                }
            }
        }
    }

    private struct Workspace {
        var residual: [Float]
        var direction: [Float]
        var product: [Float]

        init(dimension: Int) {
            self.residual = [Float](repeating: 0, count: dimension)
            self.direction = self.residual
            self.product = self.residual
        }
    }

    /// Conjugate gradients on (α₀G + λI + Σ wₖfₖfₖᵀ)x = Σ bₖfₖ, never forming the matrix.
    private func solve(
        _ row: Int, _ x: UnsafeMutablePointer<Float>, gram: [Float], other: [Float], steps: Int, _ work: inout Workspace
    ) {
        let range = self.rows.range(of: row)
        let dimension = self.parameters.factors
        guard !range.isEmpty else {
            for index in 0..<dimension { unsafe x[index] = 0 }
            return
        }
        let lambda = self.parameters.regularization(degree: range.count, otherCount: self.rows.columnCount)
        unsafe self.rows.indices.withUnsafeBufferPointer { indices in
            unsafe self.weights.withUnsafeBufferPointer { weights in
                unsafe self.targets.withUnsafeBufferPointer { targets in
                    guard let indices = indices.baseAddress, let weights = weights.baseAddress, let targets = targets.baseAddress
                    else { return }
                    let (first, count) = (range.lowerBound, range.count)
                    unsafe duet_symmetric_gemv(gram, x, &work.product, dimension)
                    for index in 0..<dimension { unsafe work.residual[index] = -work.product[index] - lambda * x[index] }
                    unsafe duet_sparse_normal_apply(
                        other, dimension, indices + first, weights + first, targets + first, -1, count, x, &work.residual)
                    for index in 0..<dimension { work.direction[index] = work.residual[index] }
                    var squared = unsafe duet_dot(work.residual, work.residual, dimension)
                    let tolerance = max(squared * 1e-12, 1e-20)
                    for _ in 0..<steps where squared > tolerance {
                        unsafe duet_symmetric_gemv(gram, work.direction, &work.product, dimension)
                        unsafe duet_axpy(lambda, work.direction, &work.product, dimension)
                        unsafe duet_sparse_normal_apply(
                            other, dimension, indices + first, weights + first, nil, 1, count, work.direction, &work.product)
                        let curvature = unsafe duet_dot(work.direction, work.product, dimension)
                        guard curvature > 0 else { break }
                        let step = squared / curvature
                        unsafe duet_axpy(step, work.direction, x, dimension)
                        unsafe duet_axpy(-step, work.product, &work.residual, dimension)
                        let next = unsafe duet_dot(work.residual, work.residual, dimension)
                        let momentum = next / squared
                        for index in 0..<dimension {
                            work.direction[index] = work.residual[index] + momentum * work.direction[index]
                        }
                        squared = next
                    }
                }
            }
        }
    }
}
