/// A row with its score. Better is greater: the higher score, and of equal scores the lower row.
public struct Hit: Sendable, Hashable, Comparable {
    public var row: Int32
    public var score: Float

    public init(row: Int32, score: Float) {
        self.row = row
        self.score = score
    }

    public static func < (left: Hit, right: Hit) -> Bool {
        left.score < right.score || (left.score == right.score && left.row > right.row)
    }
}
