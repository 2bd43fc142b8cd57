/// A row with its score. Better is greater: the higher score, and of equal scores the lower row.
@frozen public struct Hit: Sendable, Hashable, Comparable {
    public var row: Int32
    public var score: Float

    @inlinable public init(row: Int32, score: Float) {
        self.row = row
        self.score = score
    }

    public static func < (left: Hit, right: Hit) -> Bool {
        left.score < right.score || (left.score == right.score && left.row > right.row)
    }

    /// A number that orders as hits do, scores that are not numbers aside: one comparison instead of two.
    package var key: UInt64 { UInt64(self.score.orderedBits) << 32 | UInt64(~UInt32(bitPattern: self.row)) }

    package init(key: UInt64) {
        self.row = Int32(bitPattern: ~UInt32(truncatingIfNeeded: key))
        self.score = Float(orderedBits: UInt32(truncatingIfNeeded: key >> 32))
    }
}

extension Float {
    /// An integer that orders as the numbers do; both zeros have the same.
    package var orderedBits: UInt32 {
        let bits = (self + 0).bitPattern
        return bits ^ (bits >> 31 == 1 ? .max : 0x8000_0000)
    }

    package init(orderedBits: UInt32) {
        self.init(bitPattern: orderedBits ^ (orderedBits >> 31 == 1 ? 0x8000_0000 : .max))
    }
}
