internal import Glibc
internal import LinearMath

/// Quality of ranked lists, averaged over people; a person without relevant items doesn't count.
public struct RankingMetrics: Sendable, Hashable {
    public let cutoff: Int
    /// The number of people counted.
    public private(set) var users = 0
    private var sums = (precision: 0.0, recall: 0.0, ndcg: 0.0, averagePrecision: 0.0, hits: 0.0)
    private var squares = (recall: 0.0, ndcg: 0.0)

    public init(cutoff: Int) { self.cutoff = cutoff }

    /// Adds one list, best first.
    public mutating func add<Item: Hashable>(ranked: some Sequence<Item>, relevant: Set<Item>) {
        guard !relevant.isEmpty else { return }
        let hits = ranked.prefix(self.cutoff).map(relevant.contains)
        let found = Double(hits.count { $0 })
        let ndcg = Self.ndcg(hits: hits, relevant: relevant.count, cutoff: self.cutoff)
        self.users += 1
        self.sums.precision += found / Double(self.cutoff)
        self.sums.recall += found / Double(relevant.count)
        self.squares.recall += found / Double(relevant.count) * (found / Double(relevant.count))
        self.sums.ndcg += ndcg
        self.squares.ndcg += ndcg * ndcg
        self.sums.averagePrecision += Self.averagePrecision(hits: hits, relevant: relevant.count, cutoff: self.cutoff)
        self.sums.hits += found > 0 ? 1 : 0
    }

    public var precision: Double { self.mean(self.sums.precision) }
    public var recall: Double { self.mean(self.sums.recall) }
    public var ndcg: Double { self.mean(self.sums.ndcg) }
    /// Mean average precision, divided by min(cutoff, relevant).
    public var meanAveragePrecision: Double { self.mean(self.sums.averagePrecision) }
    /// The share of people with at least one relevant item.
    public var hitRate: Double { self.mean(self.sums.hits) }
    /// Standard error of `ndcg`.
    public var ndcgStandardError: Double { self.standardError(self.ndcg, self.squares.ndcg) }
    /// Standard error of `recall`.
    public var recallStandardError: Double { self.standardError(self.recall, self.squares.recall) }

    private func standardError(_ mean: Double, _ squares: Double) -> Double {
        self.users > 0 ? (max(self.mean(squares) - mean * mean, 0) / Double(self.users)).squareRoot() : 0
    }

    /// Normalised discounted cumulative gain with binary relevance, log₂(rank + 1) discounts.
    public static func ndcg(hits: [Bool], relevant: Int, cutoff: Int) -> Double {
        var gain = 0.0
        for (rank, hit) in hits.prefix(cutoff).enumerated() where hit { gain += 1 / log2(Double(rank + 2)) }
        var ideal = 0.0
        for rank in 0..<min(cutoff, relevant) { ideal += 1 / log2(Double(rank + 2)) }
        return ideal > 0 ? gain / ideal : 0
    }

    public static func averagePrecision(hits: [Bool], relevant: Int, cutoff: Int) -> Double {
        var found = 0.0
        var sum = 0.0
        for (rank, hit) in hits.prefix(cutoff).enumerated() where hit {
            found += 1
            sum += found / Double(rank + 1)
        }
        return relevant > 0 ? sum / Double(min(cutoff, relevant)) : 0
    }

    private func mean(_ sum: Double) -> Double { self.users > 0 ? sum / Double(self.users) : 0 }

    public static func == (left: RankingMetrics, right: RankingMetrics) -> Bool {
        left.cutoff == right.cutoff && left.users == right.users && left.sums == right.sums && left.squares == right.squares
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.cutoff)
        hasher.combine(self.users)
        hasher.combine(self.sums.ndcg)
    }
}
