public import Domain
internal import Mesh
public import MeshAPI
internal import Synchronization

/// Stage 2 over the mesh.
public struct MeshRanking: CandidateRanking {
    /// What models compute from, by the version that was asked for.
    private final class Inputs: Sendable {
        /// The one learned last comes last.
        private let known = Mutex<[(asked: String, schema: UInt32, embedding: String)]>([])

        func callAsFunction(_ asked: String) -> (schema: UInt32, embedding: String)? {
            self.known.withLock { known in known.last { $0.asked == asked }.map { ($0.schema, $0.embedding) } }
        }

        func learn(_ asked: String, from response: RankResponse) {
            self.known.withLock { known in
                if let last = known.last, last == (asked, response.schemaVersion, response.embeddingVersion) { return }
                known = known.filter { $0.asked != asked }.suffix(7) + [(asked, response.schemaVersion, response.embeddingVersion)]
            }
        }
    }

    private let client: RankingServiceClient
    private let features: FeatureServiceClient
    private let inputs = Inputs()

    public init(_ client: RankingServiceClient, features: FeatureServiceClient) {
        self.client = client
        self.features = features
    }

    public func prepare(_ viewer: UserID, modelVersion: String?, call: StageCall) async -> ViewerFeatures? {
        // Until a first answer said what the model needs, stage 2 fetches for itself; as it does when this fails.
        guard let inputs = self.inputs(modelVersion ?? "") else { return nil }
        let request = GetFeaturesRequest(
            userIDs: [UInt64(viewer.rawValue)], schemaVersion: inputs.schema, embeddingVersion: inputs.embedding)
        guard let response = try? await self.features.getFeatures(request, deadline: call.deadline, context: call.context) else { return nil }
        return ViewerFeatures(schemaVersion: response.schemaVersion, embeddingVersion: inputs.embedding, row: response.rows)
    }

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
        if let viewer = query.viewerFeatures {
            request.viewer = MeshAPI.ViewerFeatures(
                schemaVersion: viewer.schemaVersion, embeddingVersion: viewer.embeddingVersion, row: viewer.row)
        }
        let response = try await self.client.rank(request, deadline: call.deadline, context: call.context)
        self.inputs.learn(request.modelVersion, from: response)
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
