internal import Glibc

/// What lists are beside being right: new, varied, and not what popularity alone would have said.
public struct ListMetrics: Sendable {
    private let popularity: [Int]
    private let people: Double
    private let cutoff: Int
    private let popular: Set<Int32>
    private let columns: CompressedRows
    private var sums = (novelty: 0.0, diversity: 0.0, serendipity: 0.0)
    private var counts = (entries: 0, pairs: 0, lists: 0)

    /// - Parameter cutoff: Entries of a list that count; as many of the most popular are no surprise.
    public init(_ matrix: InteractionMatrix, cutoff: Int) {
        let popularity = (0..<matrix.columnCount).map { matrix.byColumn.degree(of: $0) }
        self.popularity = popularity
        self.people = Double(max(1, matrix.rowCount))
        self.columns = matrix.byColumn
        self.cutoff = cutoff
        let order = popularity.indices.sorted { (popularity[$1], $0) < (popularity[$0], $1) }
        self.popular = Set(order.prefix(cutoff).map { Int32(truncatingIfNeeded: $0) })
    }

    /// Adds a list of columns, best first.
    public mutating func add(ranked: [Int32], relevant: Set<Int32>) {
        let list = Array(ranked.prefix(self.cutoff))
        guard !list.isEmpty else { return }
        for column in list { self.sums.novelty -= log2(Double(max(1, self.popularity[Int(column)])) / self.people) }
        self.counts.entries += list.count
        self.sums.serendipity += Double(list.count { relevant.contains($0) && !self.popular.contains($0) }) / Double(self.cutoff)
        self.counts.lists += 1
        for (index, column) in list.enumerated() {
            for other in list[..<index] { self.sums.diversity += 1 - self.cosine(Int(column), Int(other)) }
        }
        self.counts.pairs += list.count * (list.count - 1) / 2
    }

    /// Mean self-information of what is shown, in bits: −log₂ of the share of people who have it.
    public var novelty: Double { self.counts.entries > 0 ? self.sums.novelty / Double(self.counts.entries) : 0 }
    /// Mean of 1 − cosine over the pairs of a list, by who has them.
    public var diversity: Double { self.counts.pairs > 0 ? self.sums.diversity / Double(self.counts.pairs) : 0 }
    /// The share of entries that are relevant and not among the most popular.
    public var serendipity: Double { self.counts.lists > 0 ? self.sums.serendipity / Double(self.counts.lists) : 0 }

    private func cosine(_ one: Int, _ other: Int) -> Double {
        var (a, b) = (self.columns.offsets[one], self.columns.offsets[other])
        let (endA, endB) = (self.columns.offsets[one + 1], self.columns.offsets[other + 1])
        guard a < endA, b < endB else { return 0 }
        let norm = (Double(endA - a) * Double(endB - b)).squareRoot()
        var shared = 0
        while a < endA, b < endB {
            let (x, y) = (self.columns.indices[a], self.columns.indices[b])
            if x == y { shared += 1 }
            if x <= y { a += 1 }
            if y <= x { b += 1 }
        }
        return Double(shared) / norm
    }
}
