internal import Models

/// Orders by score, but moves those who were shown often today behind the others, and keeps places for newcomers.
///
/// Of every beginning of the list at least the given share are newcomers, as far as there are any (the ranked-group fairness of
/// Zehlike et al., "FA*IR", 2017), so that the floor holds on each page.
struct ExposureOrder: Reranker {
    /// Impressions a day after which somebody stands behind those with fewer; `nil`: none are too many.
    var dailyCap: UInt32?
    /// 0…1.
    var newcomerShare: Double
    /// Of the candidates, by identifier.
    var exposures: [UInt64: UInt32]
    var newcomers: Set<UInt64>

    func rerank(_ candidates: [ScoredCandidate], limit: Int) -> [ScoredCandidate] {
        let ordered = ScoreOrder().rerank(candidates, limit: candidates.count)
        var worn: [ScoredCandidate] = []
        var fresh: [ScoredCandidate] = []
        for candidate in ordered {
            if let dailyCap, self.exposures[candidate.id] ?? 0 >= dailyCap { worn.append(candidate) } else { fresh.append(candidate) }
        }
        return Array((self.withFloor(fresh) + worn).prefix(limit))
    }

    private func withFloor(_ ordered: [ScoredCandidate]) -> [ScoredCandidate] {
        guard self.newcomerShare > 0, !self.newcomers.isEmpty else { return ordered }
        var new = ordered.filter { self.newcomers.contains($0.id) }[...]
        var others = ordered.filter { !self.newcomers.contains($0.id) }[...]
        var result: [ScoredCandidate] = []
        result.reserveCapacity(ordered.count)
        var placed = 0
        while let candidate = Self.better(new.first, others.first) {
            let isDue = Double(placed) < (self.newcomerShare * Double(result.count + 1)).rounded(.down)
            if let first = new.first, isDue || first.id == candidate.id {
                result.append(first)
                new.removeFirst()
                placed += 1
            } else if let first = others.popFirst() {
                result.append(first)
            }
        }
        return result
    }

    private static func better(_ one: ScoredCandidate?, _ other: ScoredCandidate?) -> ScoredCandidate? {
        guard let one, let other else { return one ?? other }
        return one.rank > other.rank || (one.rank == other.rank && one.id < other.id) ? one : other
    }
}
