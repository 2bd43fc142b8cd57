internal import Domain
internal import LinearMath

/// People whom many like, among those of the genders that the viewer shows interest in.
struct PopularStrategy: CandidateStrategy {
    let source = CandidateSource.popular

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        let scores = state.popularity.scores
        var best = TopK(capacity: count)
        query.eligibility.preferred.forEachRow { row in
            let score = scores[row]
            if score >= best.threshold { best.push(row: Int32(row), score: score) }
        }
        return best.sorted()
    }
}
