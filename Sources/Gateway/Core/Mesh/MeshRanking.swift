internal import Domain
internal import Mesh
public import MeshAPI

/// Stage 2 over the mesh.
public struct MeshRanking: CandidateRanking {
    private let client: RankingServiceClient

    public init(_ client: RankingServiceClient) { self.client = client }

    public func rank(_ query: RankingQuery, call: StageCall) async throws -> Ranking {
        var request = RankRequest()
        request.userID = UInt64(query.viewer.rawValue)
        request.candidateIDs = query.candidates.map { UInt64($0.id.rawValue) }
        request.limit = UInt32(query.limit)
        request.explain = query.explains
        request.modelVersion = query.modelVersion ?? ""
        var moment = MeshAPI.RequestContext()
        moment.requestedAt = query.requestedAt.rawValue
        request.context = moment
        request.exposures = query.exposures
        request.newcomerIDs = query.newcomers.map { UInt64($0.rawValue) }
        let response = try await self.client.rank(request, deadline: call.deadline, context: call.context)
        let count = response.userIDs.count
        let width = response.featureNames.count
        guard response.scores.count == count, response.matchScores.count == count, response.matchScores.allSatisfy(\.isFinite),
            !query.explains || response.contributions.count == count * width
        else { throw MeshError(.internal, "columns of different lengths, or scores that are no numbers") }
        let entries = (0..<count).map { index in
            Ranking.Entry(
                id: UserID(Int64(clamping: response.userIDs[index])), matchScore: response.matchScores[index],
                breakdown: query.explains
                    ? ScoreBreakdown(
                        score: response.scores[index], intercept: response.intercept,
                        contributions: Array(response.contributions[index * width..<(index + 1) * width])) : nil)
        }
        return Ranking(entries: entries, modelVersion: response.modelVersion, termNames: response.featureNames)
    }
}
