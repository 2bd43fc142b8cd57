internal import Domain
internal import LinearMath

/// People close to the viewer who were active recently.
struct NearbyStrategy: CandidateStrategy {
    let source = CandidateSource.nearby
    /// Kilometres at which closeness has halved.
    var reach: Double = 25
    /// Days without activity after which recency has halved.
    var patience: Float = 14

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        guard let viewer = query.viewer, let origin = state.population.directions[viewer] else { return [] }
        let directions = state.population.directions
        let lastActive = state.population.lastActive
        let unit = Direction.chordSquared(kilometres: self.reach)
        let now = query.now.rawValue
        let halfLife = Float(86_400_000_000) * self.patience
        var best = TopK(capacity: count)
        query.eligibility.preferred.forEachRow { row in
            guard let direction = directions[row] else { return }
            let closeness = Float(1 / (1 + direction.chordSquared(to: origin) / unit))
            // Recency is at most 1: who is too far for the list even when active this moment is passed over.
            guard closeness >= best.threshold else { return }
            let idle = Float(max(0, now - lastActive[row])) / halfLife
            best.push(row: Int32(row), score: closeness / (1 + idle))
        }
        return best.sorted()
    }
}
