public import Domain
internal import Mesh
public import MeshAPI

/// Stage 1 over the mesh.
public struct MeshCandidates: CandidateGenerating {
    private let client: CandidateServiceClient

    public init(_ client: CandidateServiceClient) { self.client = client }

    public func candidates(_ query: CandidateQuery, call: StageCall) async throws -> CandidateSet {
        var request = GenerateRequest()
        request.userID = UInt64(query.viewer.rawValue)
        request.limit = UInt32(query.limit)
        request.excludeSeen = query.excludesSeen
        request.minPosition = query.minimumPosition
        request.awaitPosition = query.awaitsPosition
        request.filter = Self.filter(query.filter)
        let response = try await self.client.generate(request, deadline: call.deadline, context: call.context)
        guard response.scores.count == response.userIDs.count, response.sources.count == response.userIDs.count else {
            throw MeshError(.internal, "columns of different lengths")
        }
        let candidates = response.userIDs.indices.map { index in
            CandidateSet.Candidate(
                id: UserID(Int64(clamping: response.userIDs[index])), score: response.scores[index],
                sources: CandidateSources(rawValue: response.sources[index]))
        }
        var set = CandidateSet(candidates: candidates, modelVersion: response.modelVersion, position: response.position)
        set.promoted = response.promotedIDs.map { UserID(Int64(clamping: $0)) }
        if response.exposures.count == candidates.count { set.exposures = response.exposures }
        set.newcomers = response.newcomerIDs.map { UserID(Int64(clamping: $0)) }
        return set
    }

    public func why(_ query: CandidateQuery, target: UserID, call: StageCall) async throws -> CandidateFinding? {
        var request = WhyRequest()
        request.userID = UInt64(query.viewer.rawValue)
        request.targetID = UInt64(target.rawValue)
        request.limit = UInt32(query.limit)
        request.excludeSeen = query.excludesSeen
        request.filter = Self.filter(query.filter)
        let response: WhyResponse
        do {
            response = try await self.client.why(request, deadline: call.deadline, context: call.context)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        return CandidateFinding(
            rules: response.rules,
            proposals: response.proposals.compactMap { proposal in
                CandidateSource(rawValue: UInt8(clamping: proposal.source.rawValue)).map {
                    CandidateFinding.Proposal(
                        source: $0, rank: Int(proposal.rank), score: proposal.score, asked: Int(proposal.asked), found: Int(proposal.found))
                }
            },
            rank: Int(response.rank), score: response.score, count: Int(response.count), modelVersion: response.modelVersion,
            position: response.position, impressions: Int(response.impressions), exposure: Int(response.exposure),
            isOutsideTaste: response.outsideTaste)
    }

    public func similar(to id: UserID, viewer: UserID, limit: Int, call: StageCall) async throws -> [SimilarPerson] {
        var request = SimilarRequest()
        request.userID = UInt64(id.rawValue)
        request.viewerID = UInt64(viewer.rawValue)
        request.limit = UInt32(limit)
        let response = try await self.client.similar(request, deadline: call.deadline, context: call.context)
        return zip(response.userIDs, response.scores).map {
            SimilarPerson(id: UserID(Int64(clamping: $0)), similarity: Double($1))
        }
    }

    private static func filter(_ filter: RecommendationFilter) -> Filter? {
        if filter == RecommendationFilter() { return nil }
        var message = Filter()
        message.minAge = filter.minimumAge.map { UInt32($0) }
        message.maxAge = filter.maximumAge.map { UInt32($0) }
        message.gender = filter.gender?.rawValue ?? ""
        message.location = filter.location ?? ""
        message.maxDistanceKm = filter.maximumDistance
        message.interest = filter.interest ?? ""
        return message
    }
}

extension StageCall {
    var context: CallContext {
        CallContext(deadline: self.deadline, trace: self.trace, metadata: [CallContext.requestIDKey: self.requestID])
    }
}
