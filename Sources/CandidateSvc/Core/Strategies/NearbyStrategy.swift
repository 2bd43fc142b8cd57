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
        let unit = Direction.chordSquared(kilometres: self.reach)
        let centres = state.population.grid.centres
        // Cells in a few rounds, the nearest first: most are never opened, and none needs to be sorted.
        var cells: [(cell: Int, closeness: Float)] = []
        for cell in centres.indices {
            let closeness = Float(1 / (1 + CellGrid.leastChordSquared(from: origin, toCellAt: centres[cell]) / unit))
            cells.append((cell, closeness))
        }
        var best = TopK(capacity: count)
        var nearer = Float.infinity
        for least: Float in [0.5, 0.05, 0] {
            // Recency is at most 1: who is too far for the list even when active this moment is passed over.
            for (cell, closeness) in cells where closeness >= max(least, best.threshold) && closeness < nearer {
                self.open(cell, from: origin, unit: unit, query, in: state, &best)
            }
            nearer = least
        }
        return best.sorted()
    }

    private func open(
        _ cell: Int, from origin: Direction, unit: Double, _ query: StrategyQuery, in state: borrowing CandidateState, _ best: inout TopK
    ) {
        let words = query.eligibility.preferred.words
        let directions = state.population.directions
        let lastActive = state.population.lastActive
        let now = query.now.rawValue
        let halfLife = Float(86_400_000_000) * self.patience
        for row in state.population.grid.rows[cell] where words.holds(row) {
            guard let direction = directions[Int(row)] else { continue }
            let closeness = Float(1 / (1 + direction.chordSquared(to: origin) / unit))
            guard closeness >= best.threshold else { continue }
            let idle = Float(max(0, now - lastActive[Int(row)])) / halfLife
            best.push(row: row, score: closeness / (1 + idle))
        }
    }
}
