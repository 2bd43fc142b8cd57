/// What the factors say about one direction of a pair.
struct FactorMatch {
    var score: Float = 0
    var cosine: Float = 0
    /// 1 if either of the two has no factors.
    var missing: Float = 1

    /// - Parameters:
    ///   - source: Row of the one who may like.
    ///   - target: Row of the one who may be liked.
    @inline(__always)
    init(source: Int, target: Int, in batch: PersonBatch) {
        let dimension = batch.dimension
        guard dimension > 0 else { return }
        let left = batch.sourceFactors.span.extracting(source * dimension..<(source + 1) * dimension)
        let right = batch.targetFactors.span.extracting(target * dimension..<(target + 1) * dimension)
        var product = SIMD8<Float>.zero
        var leftSquares = SIMD8<Float>.zero
        var rightSquares = SIMD8<Float>.zero
        var index = 0
        while index + 8 <= dimension {
            let a = Self.lanes(left, index)
            let b = Self.lanes(right, index)
            product += a * b
            leftSquares += a * a
            rightSquares += b * b
            index += 8
        }
        while index < dimension {
            let a = left[index]
            let b = right[index]
            product[0] += a * b
            leftSquares[0] += a * a
            rightSquares[0] += b * b
            index += 1
        }
        let scale = leftSquares.sum() * rightSquares.sum()
        guard scale > 0, scale.isFinite else { return }
        self.score = product.sum()
        self.cosine = max(-1, min(1, self.score / scale.squareRoot()))
        self.missing = 0
    }

    @inline(__always)
    private static func lanes(_ values: Span<Float>, _ index: Int) -> SIMD8<Float> {
        SIMD8(
            values[index], values[index + 1], values[index + 2], values[index + 3], values[index + 4], values[index + 5],
            values[index + 6], values[index + 7])
    }
}
