#if canImport(Glibc)
    internal import Glibc
#endif

/// How people are received by others.
struct PopularityTable: Sendable {
    /// Weight of the prior, in opinions: half of them likes.
    private static let prior: Float = 10

    private var likes: [Int32] = []
    private var passes: [Int32] = []
    /// Smoothed rate of likes times the logarithm of their number: liked often, and by many.
    private(set) var scores: [Float] = []

    mutating func addRow() {
        self.likes.append(0)
        self.passes.append(0)
        self.scores.append(0)
    }

    func opinions(of row: Int) -> Int { Int(self.likes[row] + self.passes[row]) }
    func likes(of row: Int) -> Int { Int(self.likes[row]) }

    mutating func add(likes: Int32, passes: Int32, to row: Int) {
        self.likes[row] += likes
        self.passes[row] += passes
        let received = Float(self.likes[row])
        let rate = (received + Self.prior / 2) / (received + Float(self.passes[row]) + Self.prior)
        self.scores[row] = rate * log1pf(received)
    }
}
