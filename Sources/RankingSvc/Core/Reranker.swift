internal import Models

/// A candidate with its score.
struct ScoredCandidate: Sendable {
    var id: UInt64
    /// Row in the batch that was scored.
    var row: Int
    var score: Scorer.Score
}

/// Decides the order of what was scored, and what of it is shown.
protocol Reranker: Sendable {
    /// The best `limit` candidates, best first; each at most once.
    func rerank(_ candidates: [ScoredCandidate], limit: Int) -> [ScoredCandidate]
}

/// Orders by score alone; equal ones by identifier, so that a repeated request gives the same list.
struct ScoreOrder: Reranker {
    func rerank(_ candidates: [ScoredCandidate], limit: Int) -> [ScoredCandidate] {
        Array(candidates.sorted { ($0.score.logit, $1.id) > ($1.score.logit, $0.id) }.prefix(limit))
    }
}
