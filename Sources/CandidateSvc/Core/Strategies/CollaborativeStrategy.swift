internal import Domain
internal import LinearMath
internal import VectorIndex

/// People liked by those with the viewer's taste: inner product of the viewer's source and everybody's target factors.
struct CollaborativeStrategy: CandidateStrategy {
    let source = CandidateSource.collaborative

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        guard let viewer = query.viewer, let factors = state.factors, let vector = factors.source(of: viewer) else { return [] }
        return factors.targets.search(vector, count: count, allowed: query.eligibility.preferred)
    }
}
