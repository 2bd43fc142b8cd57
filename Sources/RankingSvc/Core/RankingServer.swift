package import Domain
internal import Features
package import Mesh
package import MeshAPI
internal import Models
package import Telemetry

/// Answers the calls of `RankingService`.
package struct RankingServer: RankingServiceHandler {
    /// Most candidates that one call may bring.
    package static let limit = 4000
    /// Part of the remaining time that the features may take; the rest is for scoring and the way back.
    private static let featureShare = 0.85

    private let models: ModelStore
    private let features: any FeatureProvider
    private let reranker: any Reranker = ScoreOrder()
    private let metrics: RankingMetrics
    private let now: @Sendable () -> Timestamp

    package init(
        models: ModelStore, features: any FeatureProvider, metrics registry: MetricsRegistry = .shared,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.models = models
        self.features = features
        self.metrics = RankingMetrics(registry)
        self.now = now
        RankingMetrics.register(models, now: now, in: registry)
    }

    package func rank(_ request: RankRequest, context: CallContext) async throws -> RankResponse {
        let start = ContinuousClock.now
        do {
            let response = try await self.ranked(request, context)
            self.metrics.calls.increment()
            self.metrics.seconds.observe(start.duration(to: .now))
            return response
        } catch {
            self.metrics.refused.increment()
            throw error
        }
    }

    package func listModels(_ request: ListModelsRequest, context: CallContext) async throws -> ListModelsResponse {
        ListModelsResponse(
            models: self.models.records.map { record in
                Model(
                    version: record.version, active: record.isActive, createdAt: record.createdAt.rawValue,
                    schemaVersion: UInt32(clamping: record.schemaVersion))
            })
    }

    private func ranked(_ request: RankRequest, _ context: CallContext) async throws(MeshError) -> RankResponse {
        guard request.userID > 0, request.candidateIDs.count <= Self.limit else {
            throw MeshError(.invalidArgument, "Ranking needs a person and at most \(Self.limit) candidates.")
        }
        let scorer = try await self.scorer(request.modelVersion)
        let (batch, people) = try await self.fetch(request, scorer.model, context)
        let start = ContinuousClock.now
        guard let viewer = people.firstIndex(of: request.userID) else {
            throw MeshError(.notFound, "The feature store doesn't know the viewer.")
        }
        let requestedAt = request.context.flatMap { $0.requestedAt > 0 ? Timestamp(microseconds: $0.requestedAt) : nil }
        let moment = RequestMoment(requestedAt ?? self.now())
        let rows = people.indices.filter { $0 != viewer }
        let scores = scorer.score(viewer: viewer, candidates: rows, in: batch, moment: moment)
        let scored = zip(rows, scores).map { ScoredCandidate(id: people[$0], row: $0, score: $1) }
        let shown = self.reranker.rerank(scored, limit: request.limit == 0 ? scored.count : Int(request.limit))
        var response = RankResponse(
            userIDs: shown.map(\.id), scores: shown.map(\.score.score), matchScores: shown.map(\.score.matchScore),
            modelVersion: scorer.model.version)
        response.unknown = UInt32(Self.distinct(request).count - people.count)
        if request.explain { Self.explain(shown, viewer: viewer, batch, moment, scorer, into: &response) }
        self.metrics.candidates.increment(by: UInt64(scored.count))
        self.metrics.unknown.increment(by: UInt64(response.unknown))
        self.metrics.scoreSeconds.observe(start.duration(to: .now))
        return response
    }

    private func scorer(_ version: String) async throws(MeshError) -> Scorer {
        do {
            if let loaded = try await self.models.model(version) { return loaded.scorer }
        } catch let error as ModelError {
            throw MeshError(.failedPrecondition, error.message)
        } catch {
            throw MeshError(.unavailable, "The model registry can't be read.")
        }
        throw version.isEmpty
            ? MeshError(.failedPrecondition, "There is no active model.")
            : MeshError(.notFound, "There is no model of version \(version).")
    }

    // MARK: Features

    /// The viewer and the candidates, each once.
    private static func distinct(_ request: RankRequest) -> [UInt64] {
        var seen: Set<UInt64> = [request.userID]
        seen.reserveCapacity(request.candidateIDs.count + 1)
        return [request.userID] + request.candidateIDs.filter { seen.insert($0).inserted }
    }

    private func fetch(
        _ request: RankRequest, _ model: PipelineModel, _ context: CallContext
    ) async throws(MeshError) -> (batch: PersonBatch, people: [UInt64]) {
        let start = ContinuousClock.now
        let response = try await self.features.features(
            GetFeaturesRequest(
                userIDs: Self.distinct(request), schemaVersion: UInt32(model.personSchemaVersion),
                embeddingVersion: model.dimension > 0 ? model.embeddingVersion : ""),
            deadline: .after(context.deadline.remaining * Self.featureShare))
        self.metrics.featureSeconds.observe(start.duration(to: .now))
        guard Int(response.schemaVersion) == model.personSchemaVersion else {
            throw MeshError(.failedPrecondition, "The feature store computes person schema \(response.schemaVersion).")
        }
        do {
            let batch = try PersonBatch(
                count: response.userIDs.count, values: response.values, dimension: Int(response.dimension),
                sourceFactors: response.sourceFactors, targetFactors: response.targetFactors, interestCounts: response.interestCounts,
                interests: response.interests, termCounts: response.termCounts, terms: response.terms)
            return (batch, response.userIDs)
        } catch {
            throw MeshError(.internal, error.message)
        }
    }

    private static func explain(
        _ shown: [ScoredCandidate], viewer: Int, _ batch: PersonBatch, _ moment: RequestMoment, _ scorer: Scorer,
        into response: inout RankResponse
    ) {
        response.featureNames = scorer.termNames
        response.intercept = scorer.model.ranker.intercept
        response.contributions.reserveCapacity(shown.count * scorer.termNames.count)
        for candidate in shown {
            response.contributions += scorer.explain(viewer: viewer, candidate: candidate.row, in: batch, moment: moment).contributions
        }
    }
}
