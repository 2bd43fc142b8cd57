internal import Domain
internal import Mesh

/// Why somebody is, or is not, in a viewer's list: what each stage says, for operators.
struct PairExplanation: Sendable {
    struct Ranked: Sendable {
        /// From 1, among those who were scored.
        var rank: Int
        var count: Int
        var matchScore: Double
        var score: Double
        var modelVersion: String
        /// The terms that weigh most, either way.
        var contributions: [(name: String, value: Double)]
        /// Whether stage 1 proposed the target; if not, the rank is what it would be.
        var isCandidate: Bool
    }

    var viewer: UserID
    var target: UserID
    /// `nil` where stage 1 is away or does not know one of the two.
    var finding: CandidateFinding?
    /// `nil` where stage 2 is away or does not know one of the two.
    var ranked: Ranked?
    /// Whether the last look at the truth lets the target pass.
    var isAdmitted: Bool
    /// Place in the list that would be answered now, from 1; `nil`: not in it.
    var position: Int?
    var limit: Int

    /// One sentence.
    var verdict: String {
        if let position { return "Shown at place \(position) of \(self.limit)." }
        if let rules = self.finding?.rules, !rules.isEmpty { return "Left out of the search: \(rules.joined(separator: ", "))." }
        if !self.isAdmitted { return "Stopped by the last look at the truth; the copies know nothing of it yet." }
        guard let finding else { return "Stage 1 is away, or does not know one of the two." }
        if finding.rank == 0 { return "Allowed, but no source proposed them among \(finding.count) candidates." }
        guard let ranked else { return "Proposed at rank \(finding.rank), but stage 2 did not score them." }
        return "Proposed at rank \(finding.rank), ranked \(ranked.rank) of \(ranked.count): beyond the \(self.limit) asked for."
    }
}

extension RecommendationPipeline {
    /// How many terms an explanation names.
    private static let terms = 8

    /// Goes through a request as it would be answered now, and looks for one person at each stage.
    /// - Throws: `RepositoryError` for a viewer who does not exist, and where the truth can't be read.
    func explanation(of target: UserID, _ query: RecommendationQuery, scope: RequestScope) async throws -> PairExplanation {
        let wanted = self.candidateQuery(query)
        let admitted = try await self.gatekeeper.gate.admissible(
            [target], for: query.viewer, seen: self.seenPolicy(query, at: scope.receivedAt))
        var explanation = PairExplanation(
            viewer: query.viewer, target: target, isAdmitted: !admitted.isEmpty, limit: query.limit)
        do {
            explanation.finding = try await self.candidates.why(wanted, target: target, call: scope.call(share: 0.3))
            let proposed = try await self.candidates.candidates(wanted, call: scope.call(share: 0.3))
            explanation.ranked = await self.ranked(target, among: proposed, query, scope: scope)
        } catch is MeshError {
            // Stage 1 is away: what is known without it is still an answer.
        }
        let list = try await self.list(query, scope: scope)
        explanation.position = list.entries.firstIndex { $0.user.id == target }.map { $0 + 1 }
        return explanation
    }

    private func ranked(
        _ target: UserID, among proposed: CandidateSet, _ query: RecommendationQuery, scope: RequestScope
    ) async -> PairExplanation.Ranked? {
        var proposed = proposed
        let isCandidate = proposed.candidates.contains { $0.id == target }
        if !isCandidate {
            proposed.candidates.append(.init(id: target, score: 0, sources: []))
            if !proposed.exposures.isEmpty { proposed.exposures.append(0) }
        }
        // All of them come back.
        proposed.promoted = [target]
        var query = query
        query.explains = true
        guard let ranking = await self.ranked(proposed, query, scope: scope),
            let place = ranking.entries.firstIndex(where: { $0.id == target })
        else { return nil }
        let entry = ranking.entries[place]
        let contributions = zip(ranking.termNames, entry.breakdown?.contributions ?? []).map { (name: $0, value: $1) }
        return PairExplanation.Ranked(
            rank: place + 1, count: ranking.entries.count, matchScore: entry.matchScore, score: entry.breakdown?.score ?? 0,
            modelVersion: ranking.modelVersion,
            contributions: Array(contributions.sorted { abs($0.value) > abs($1.value) }.prefix(Self.terms)), isCandidate: isCandidate)
    }
}
