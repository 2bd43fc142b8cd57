package import Domain
internal import LinearMath

/// What stage 1 has to say about one person for one viewer; for operators.
package struct CandidateReasoning: Sendable {
    /// Rules by which the target is left out; empty where none does.
    package var rules: [String] = []
    package var proposals: [SourceProposal] = []
    /// Place in the merged list, from 1; 0: not in it.
    package var rank = 0
    package var score: Float = 0
    /// Length of the merged list.
    package var count = 0
    package var modelVersion: String?
    package var position: UInt64 = 0
    /// How often the target was shown to the viewer lately without an answer, and to anybody today.
    package var impressions = 0
    package var exposure = 0
    /// By their likes, one of the two is not for the other's gender.
    package var isOutsideTaste = false

    /// Where one source has the target.
    package struct SourceProposal: Sendable {
        package var source: CandidateSource
        /// From 1; 0: not among those asked for.
        package var rank = 0
        package var score: Float = 0
        package var asked: Int
        package var found: Int
    }
}

extension CandidateGenerator {
    /// Goes through a request once more and looks for one person at each step.
    ///
    /// - Returns: `nil` if the log has not brought one of the two.
    package func why(_ query: CandidateQuery, target: UserID) -> CandidateReasoning? {
        let list = self.generate(query)
        let now = self.now()
        return self.withScratch { state, scratch in
            guard let viewer = state.population.row(of: query.viewer), let row = state.population.row(of: target) else { return nil }
            var reasoning = CandidateReasoning(modelVersion: list.modelVersion, position: list.position)
            reasoning.rules = self.filter.rules(against: row, for: viewer, query, in: state, now: now)
            let eligibility = self.filter.eligibility(query, viewer: viewer, in: state, now: now, &scratch)
            reasoning.isOutsideTaste = eligibility.allowed[row] && !eligibility.preferred[row]
            let strategyQuery = StrategyQuery(viewerID: query.viewer, viewer: viewer, eligibility: eligibility, now: now)
            let quotas = self.settings.quotas(limit: query.limit, tuned: state.factors?.quotas ?? [:])
            for strategy in self.strategies {
                let count = min(query.limit, 2 * quotas[Int(strategy.source.rawValue)])
                guard count > 0 else { continue }
                let hits = strategy.propose(count, for: strategyQuery, in: state, &scratch)
                var proposal = CandidateReasoning.SourceProposal(source: strategy.source, asked: count, found: hits.count)
                if let place = hits.firstIndex(where: { Int($0.row) == row }) {
                    (proposal.rank, proposal.score) = (place + 1, hits[place].score)
                }
                reasoning.proposals.append(proposal)
            }
            if let place = list.people.firstIndex(of: target) { (reasoning.rank, reasoning.score) = (place + 1, list.scores[place]) }
            reasoning.count = list.people.count
            let day = ImpressionTable.day(of: now)
            reasoning.impressions = state.impressions.impressions(of: row, on: viewer, day: day)
            reasoning.exposure = state.impressions.exposure(of: row, on: day)
            return reasoning
        }
    }
}
