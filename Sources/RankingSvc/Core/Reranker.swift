internal import Models

/// A candidate with the log-odds of both directions.
struct ScoredCandidate: Sendable {
    var id: UInt64
    /// Row in the batch that was scored.
    var row: Int
    var logits: Scorer.Logits
    /// What to sort by: the fused log-odds.
    var rank: Double
}

/// Decides the order of what was scored, and what of it is shown.
protocol Reranker: Sendable {
    /// The best `limit` candidates, best first; each at most once.
    func rerank(_ candidates: [ScoredCandidate], limit: Int) -> [ScoredCandidate]
}

/// Orders by score alone; equal ones by identifier, so that a repeated request gives the same list.
struct ScoreOrder: Reranker {
    func rerank(_ candidates: [ScoredCandidate], limit: Int) -> [ScoredCandidate] {
        Array(candidates.sorted { $0.rank > $1.rank || ($0.rank == $1.rank && $0.id < $1.id) }.prefix(limit))
    }
}
