internal import Domain
internal import Hummingbird

/// Tells an operator why somebody is, or is not, in a list.
struct WhyRoutes: Sendable {
    let pipeline: RecommendationPipeline
    let users: any UserRepository
    let audit: Audit

    private static let count = Schema.integer(0...Int64.max)
    private static let proposal = Schema.named(
        "SourceProposal",
        .object([
            .init("source", .text()), .init("rank", .nullable(count), "Null: not among those it was asked for."),
            .init("score", .nullable(.anyNumber)), .init("asked", count), .init("found", count),
        ]))
    private static let candidates = Schema.named(
        "WhyCandidates",
        .object([
            .init("rules", .array(.text(), maximumCount: 100), "By which the target is left out."),
            .init("sources", .array(proposal, maximumCount: CandidateSource.allCases.count)),
            .init("rank", .nullable(count), "In the merged list."), .init("score", .nullable(.anyNumber)), .init("count", count),
            .init("outside_taste", .boolean), .init("impressions", count), .init("exposure_today", count), .init("model_version", .text()),
        ]))
    private static let contribution = Schema.named(
        "Contribution", .object([.init("name", .text()), .init("value", .anyNumber)]))
    private static let ranking = Schema.named(
        "WhyRanking",
        .object([
            .init("rank", count), .init("count", count), .init("score", .probability), .init("match_score", .probability),
            .init("was_candidate", .boolean, "If not, the rank is what it would be."), .init("model_version", .text()),
            .init("contributions", .array(contribution, maximumCount: 100), "The weightiest, either way."),
        ]))
    private static let why = Schema.named(
        "Why",
        .object([
            .init("user_id", .identifier), .init("target_user_id", .identifier), .init("verdict", .text()), .init("shown", .boolean),
            .init("position", .nullable(count)), .init("candidates", .nullable(candidates)), .init("ranking", .nullable(ranking)),
            .init("admitted", .boolean, "By the last look at the truth."),
        ]))

    var routes: [Route] {
        var route = Route(
            .get, "/api/v1/admin/why", "explainPair", tag: "admin", "Why somebody is, or is not, in a user's list",
            details: "Stage by stage: which rules leave the target out, which sources propose them, how they rank, and where they end up.",
            access: .roles([.admin]),
            parameters: [
                .query("user", .identifier, required: true, "Whose list.", example: 1),
                .query("target", .identifier, required: true, "Who is looked for.", example: 2),
                .query("limit", .integer(1...100), default: .number("20"), "Length of the list."),
                .query("exclude_seen", .boolean, default: .bool(true), "As in the list's request."),
            ],
            answers: [.init(200, "Stage by stage.", Self.why), AnswerCatalogue.notFound] + AnswerCatalogue.guarded, handler: self.why)
        route.budget = .seconds(2)
        return [route]
    }

    @Sendable private func why(_ request: RouteRequest) async throws -> Response {
        let (viewer, target) = (try request.arguments.userID("user"), try request.arguments.userID("target"))
        for id in [viewer, target] where try await !self.users.exists(id) { throw APIError.unknownUser(id.rawValue) }
        try await self.audit.note("user.why", of: target.description, request)
        let query = RecommendationQuery(
            viewer: viewer, limit: try request.arguments.required("limit"),
            excludesSeen: request.arguments.boolean("exclude_seen") ?? true)
        let explanation = try await self.pipeline.explanation(of: target, query, scope: request.scope)
        return Response { $0.explanation(explanation) }
    }
}

extension JSONWriter {
    fileprivate mutating func explanation(_ explanation: PairExplanation) {
        self.object { writer in
            writer.key("user_id")
            writer.integer(explanation.viewer.rawValue)
            writer.key("target_user_id")
            writer.integer(explanation.target.rawValue)
            writer.key("verdict")
            writer.string(explanation.verdict)
            writer.key("shown")
            writer.bool(explanation.position != nil)
            writer.key("position")
            if let position = explanation.position { writer.integer(position) } else { writer.null() }
            writer.key("candidates")
            if let finding = explanation.finding { writer.finding(finding) } else { writer.null() }
            writer.key("ranking")
            if let ranked = explanation.ranked { writer.ranked(ranked) } else { writer.null() }
            writer.key("admitted")
            writer.bool(explanation.isAdmitted)
        }
    }

    private mutating func place(_ rank: Int, score: Float) {
        self.key("rank")
        if rank > 0 { self.integer(rank) } else { self.null() }
        self.key("score")
        if rank > 0, score.isFinite { self.double(Double(score), decimals: 6) } else { self.null() }
    }

    private mutating func finding(_ finding: CandidateFinding) {
        self.object { writer in
            writer.key("rules")
            writer.array(finding.rules) { $0.string($1) }
            writer.key("sources")
            writer.array(finding.proposals) { writer, proposal in
                writer.object { writer in
                    writer.key("source")
                    writer.string(proposal.source.name)
                    writer.place(proposal.rank, score: proposal.score)
                    writer.key("asked")
                    writer.integer(proposal.asked)
                    writer.key("found")
                    writer.integer(proposal.found)
                }
            }
            writer.place(finding.rank, score: finding.score)
            writer.key("count")
            writer.integer(finding.count)
            writer.key("outside_taste")
            writer.bool(finding.isOutsideTaste)
            writer.key("impressions")
            writer.integer(finding.impressions)
            writer.key("exposure_today")
            writer.integer(finding.exposure)
            writer.key("model_version")
            writer.string(finding.modelVersion)
        }
    }

    private mutating func ranked(_ ranked: PairExplanation.Ranked) {
        self.object { writer in
            writer.key("rank")
            writer.integer(ranked.rank)
            writer.key("count")
            writer.integer(ranked.count)
            writer.key("score")
            writer.double(ranked.score)
            writer.key("match_score")
            writer.double(ranked.matchScore, decimals: 6)
            writer.key("was_candidate")
            writer.bool(ranked.isCandidate)
            writer.key("model_version")
            writer.string(ranked.modelVersion)
            writer.key("contributions")
            writer.array(ranked.contributions) { writer, contribution in
                writer.object { writer in
                    writer.key("name")
                    writer.string(contribution.name)
                    writer.key("value")
                    writer.double(contribution.value)
                }
            }
        }
    }
}
