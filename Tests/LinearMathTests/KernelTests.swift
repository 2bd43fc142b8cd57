import CKernels
import LinearMath
import Testing

private func vector(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in Float(generator.gaussian()) }
}

private func naiveDot(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

@Test("Inner products and axpy agree with double precision at every length", arguments: Array(0..<40) + [63, 64, 65, 128, 255, 256, 1000])
func dotAndAxpy(count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    let a = vector(count, &generator)
    let b = vector(count, &generator)
    #expect(abs(Double(DotProduct.compute(a, b)) - naiveDot(a, b)) < 1e-4)
    var y = b
    unsafe duet_axpy(0.5, a, &y, count)
    for index in 0..<count { #expect(abs(y[index] - (b[index] + 0.5 * a[index])) < 1e-6) }
}

@Test("The matrix-vector product agrees with double precision", arguments: [1, 5, 8, 16, 33, 40, 64, 72])
func symmetricProduct(n: Int) {
    var generator = SeededGenerator(seed: UInt64(n))
    var matrix = vector(n * n, &generator)
    for i in 0..<n { for j in 0..<i { matrix[i * n + j] = matrix[j * n + i] } }
    let x = vector(n, &generator)
    var y = [Float](repeating: .nan, count: n)
    unsafe duet_symmetric_gemv(matrix, x, &y, n)
    for i in 0..<n { #expect(abs(Double(y[i]) - naiveDot(matrix[i * n..<(i + 1) * n], x)) < 1e-4) }
}

@Test("The sparse normal product agrees with its definition", arguments: [(8, true), (16, false), (64, true), (10, true)])
func sparseNormal(dimension: Int, hasTargets: Bool) {
    var generator = SeededGenerator(seed: 9)
    let factors = vector(30 * dimension, &generator)
    let indices = (0..<12).map { _ in Int32.random(in: 0..<30, using: &generator) }
    let weights = vector(12, &generator)
    let targets = vector(12, &generator)
    let x = vector(dimension, &generator)
    let start = vector(dimension, &generator)
    var y = start
    if hasTargets {
        unsafe duet_sparse_normal_apply(factors, dimension, indices, weights, targets, -1, 12, x, &y)
    } else {
        unsafe duet_sparse_normal_apply(factors, dimension, indices, weights, nil, -1, 12, x, &y)
    }
    for d in 0..<dimension {
        var expected = Double(start[d])
        for k in 0..<12 {
            let row = factors[Int(indices[k]) * dimension..<(Int(indices[k]) + 1) * dimension]
            let target = hasTargets ? Double(targets[k]) : 0
            expected += (target - Double(weights[k]) * naiveDot(row, x)) * Double(row[row.startIndex + d])
        }
        #expect(abs(Double(y[d]) - expected) < 1e-3)
    }
}

@Test("A scan's bounds enclose the true inner product, at the extremes of eight bits too", arguments: [8, 16, 64, 128, 256])
func scanBounds(dimension: Int) {
    var generator = SeededGenerator(seed: 11)
    let count = 40
    var rows = vector(count * dimension, &generator)
    for d in 0..<dimension {
        rows[d] = 1  // Codes of ±127 throughout: where 16-bit sums would saturate.
        rows[dimension + d] = -1
        rows[2 * dimension + d] = 0
    }
    var codes = [Int8](repeating: 0, count: count * dimension)
    var scales = [Float](repeating: 0, count: count)
    var (residuals, norms) = (scales, scales)
    for row in 0..<count {
        let values = Array(rows[row * dimension..<(row + 1) * dimension])
        unsafe duet_quantize_row(values, dimension, row, &codes, &scales, &residuals, &norms)
    }
    let mask: [UInt64] = [~0 >> 24]
    for query in [[Float](repeating: 1, count: dimension), [Float](repeating: -1, count: dimension), vector(dimension, &generator)] {
        var quantized = duet_quantized_query()
        unsafe duet_quantize_query(query, dimension, &quantized)
        var found = 0
        var candidates = [duet_candidate](repeating: duet_candidate(), count: 64)
        let end = unsafe codes.withUnsafeBufferPointer { codes in
            unsafe scales.withUnsafeBufferPointer { scales in
                unsafe residuals.withUnsafeBufferPointer { residuals in
                    unsafe norms.withUnsafeBufferPointer { norms in
                        var view = unsafe duet_quantized_rows(
                            codes: codes.baseAddress!, scales: scales.baseAddress!, residuals: residuals.baseAddress!,
                            norms: norms.baseAddress!, dimension: dimension)
                        return unsafe duet_scan(&view, &quantized, mask, 0, 5, -.infinity, &candidates, 64, &found)
                    }
                }
            }
        }
        #expect(end == 5)
        #expect(found == count)
        for candidate in candidates[..<found] {
            let row = Int(candidate.row)
            let exact = naiveDot(rows[row * dimension..<(row + 1) * dimension], query)
            #expect(Double(candidate.lower) <= exact && exact <= Double(candidate.upper))
            #expect(candidate.upper - candidate.lower <= 0.06 * (1 + norms[row]) * quantized.norm)
        }
    }
}
