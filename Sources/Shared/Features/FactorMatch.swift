/// What the factors say about one direction of a pair.
struct FactorMatch {
    var score: Float = 0
    var cosine: Float = 0
    /// 1 if either of the two has no factors.
    var missing: Float = 1

    /// Both without factors.
    init() {}

    /// - Parameters:
    ///   - source: Factors of the one who may like, and the sum of their squares.
    ///   - target: Factors of the one who may be liked, as many, and the sum of their squares.
    @inline(__always)
    init(_ source: Span<UInt32>, squares sourceSquares: Float, _ target: Span<UInt32>, squares targetSquares: Float) {
        let scale = sourceSquares * targetSquares
        guard scale > 0, scale.isFinite else { return }
        self.score = Self.product(source, target)
        self.cosine = max(-1, min(1, self.score / scale.squareRoot()))
        self.missing = 0
    }

    /// Σ x·y of two vectors of floats given by their bits, in eight partial sums: the same on every machine.
    @inline(__always)
    static func product(_ left: Span<UInt32>, _ right: Span<UInt32>) -> Float {
        let right = right.extracting(0..<left.count)
        var sums = SIMD8<Float>.zero
        var index = 0
        while index + 8 <= left.count {
            sums += Self.lanes(left.extracting(index..<index + 8)) * Self.lanes(right.extracting(index..<index + 8))
            index += 8
        }
        while index < left.count {
            sums[0] += Float(bitPattern: left[index]) * Float(bitPattern: right[index])
            index += 1
        }
        return sums.sum()
    }

    @inline(__always)
    private static func lanes(_ words: Span<UInt32>) -> SIMD8<Float> {
        @inline(__always) func lane(_ index: Int) -> Float { Float(bitPattern: words[index]) }
        return SIMD8(lane(0), lane(1), lane(2), lane(3), lane(4), lane(5), lane(6), lane(7))
    }
}
