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
    /// Time that fetching candidates again beside calls may take.
    private static let renewalTime = Duration.seconds(1)

    private let models: ModelStore
    private let features: any FeatureProvider
    private let near: NearFeatures
    private let renewal = Renewal()
    private let exposure: ExposureSettings
    private let metrics: RankingMetrics
    private let now: @Sendable () -> Timestamp
    private let clock: @Sendable () -> ContinuousClock.Instant

    /// Returns once nothing is being fetched beside calls.
    package func settle() async { await self.renewal.settle() }

    /// - Parameter clock: By which features of candidates grow old.
    package init(
        models: ModelStore, features: any FeatureProvider, exposure: ExposureSettings = ExposureSettings(),
        metrics registry: MetricsRegistry = .shared,
        now: @escaping @Sendable () -> Timestamp, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.models = models
        self.features = features
        self.exposure = exposure
        self.metrics = RankingMetrics(registry)
        self.now = now
        self.clock = clock
        self.near = NearFeatures(clock: clock)
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
        let gathered = try await self.gather(request, scorer.model, context)
        let start = ContinuousClock.now
        let begin = TraceClock.now
        let requestedAt = request.context.flatMap { $0.requestedAt > 0 ? Timestamp(microseconds: $0.requestedAt) : nil }
        let moment = RequestMoment(requestedAt ?? self.now())
        var rows = Array(gathered.people.indices)
        rows.remove(at: gathered.viewer)
        let logits = scorer.logits(viewer: gathered.viewer, candidates: rows, in: gathered.batch, moment: moment)
        let scored = zip(rows, logits).map {
            ScoredCandidate(id: gathered.people[$0], row: $0, logits: $1, rank: scorer.fused($1))
        }
        let shown = self.reranker(request).rerank(scored, limit: request.limit == 0 ? scored.count : Int(request.limit))
        let scores = shown.map { scorer.score($0.logits) }
        var response = RankResponse(
            userIDs: shown.map(\.id), scores: scores.map(\.score), matchScores: scores.map(\.matchScore),
            modelVersion: scorer.model.version, unknown: UInt32(gathered.unknown),
            schemaVersion: UInt32(scorer.model.personSchemaVersion),
            embeddingVersion: scorer.model.dimension > 0 ? scorer.model.embeddingVersion : "")
        if request.explain {
            response.featureNames = scorer.termNames
            response.intercept = scorer.model.ranker.intercept
            response.contributions = scorer.explain(
                viewer: gathered.viewer, candidates: shown.map(\.row), in: gathered.batch, moment: moment
            ).flatMap(\.contributions)
        }
        self.metrics.candidates.increment(by: UInt64(scored.count))
        self.metrics.unknown.increment(by: UInt64(gathered.unknown))
        self.metrics.scoreSeconds.observe(start.duration(to: .now))
        TraceSpan.current?.add("score", from: begin, [SpanAttribute("duet.candidates", scored.count)])
        return response
    }

    /// Score alone decides unless the caller says how often people were shown.
    private func reranker(_ request: RankRequest) -> any Reranker {
        guard request.exposures.count == request.candidateIDs.count, !request.exposures.isEmpty, self.exposure.isActive else {
            return ScoreOrder()
        }
        return ExposureOrder(
            dailyCap: self.exposure.dailyCap, newcomerShare: self.exposure.newcomerShare,
            exposures: Dictionary(zip(request.candidateIDs, request.exposures), uniquingKeysWith: max),
            newcomers: Set(request.newcomerIDs))
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

    /// Features of those who take part in a call.
    private struct Gathered {
        var batch: PersonBatch
        /// By row of the batch.
        var people: [UInt64] = []
        /// The row of the viewer.
        var viewer = 0
        /// How many of the candidates the feature store doesn't know.
        var unknown = 0
    }

    /// Gets the features of the viewer, and of each candidate once: those of a moment ago where they are at hand, but the viewer's anew, since
    /// what the viewer just did must count. The caller may have brought the viewer's along.
    private func gather(
        _ request: RankRequest, _ model: PipelineModel, _ context: CallContext
    ) async throws(MeshError) -> Gathered {
        let start = self.clock()
        let version = model.dimension > 0 ? model.embeddingVersion : ""
        var gathered = Gathered(batch: PersonBatch(dimension: model.dimension))
        var (fetched, ageing) = self.near.take(Self.distinct(request), version: version, into: &gathered.batch, found: &gathered.people)
        if !ageing.isEmpty { self.renew(ageing, model, version) }
        gathered.viewer = gathered.people.count
        self.metrics.near.increment(by: UInt64(gathered.viewer))
        if Self.adopt(request.viewer, model, into: &gathered.batch) {
            gathered.people.append(request.userID)
        } else {
            fetched.insert(request.userID, at: 0)
        }
        if !fetched.isEmpty {
            let known = try await self.fetch(fetched, model, version, deadline: context.deadline, into: &gathered.batch)
            gathered.people.append(contentsOf: known.lazy.map { fetched[$0] })
            gathered.unknown = fetched.count - known.count
        }
        guard gathered.viewer < gathered.people.count, gathered.people[gathered.viewer] == request.userID else {
            throw MeshError(.notFound, "The feature store doesn't know the viewer.")
        }
        // The viewer is left out.
        let kept = gathered.viewer + 1..<gathered.people.count
        if !kept.isEmpty { self.near.keep(gathered.people[kept], rows: kept, of: gathered.batch, version: version, since: start) }
        self.metrics.featureSeconds.observe(start.duration(to: self.clock()))
        return gathered
    }

    /// Fetches candidates again beside the call, which need not wait for it. What fails is tried again with the next call that meets them, and
    /// waited for once they are too old.
    private func renew(_ ids: [UInt64], _ model: PipelineModel, _ version: String) {
        self.renewal.begin {
            let start = self.clock()
            var batch = PersonBatch(dimension: model.dimension)
            guard let known = try? await self.fetch(ids, model, version, deadline: .after(Self.renewalTime), into: &batch) else { return }
            let people = known.map { ids[$0] }
            self.near.keep(people[...], rows: 0..<people.count, of: batch, version: version, since: start)
        }
    }

    /// Adds the row that the caller brought to the end of a batch.
    /// - Returns: Whether it is one of a known person for this model.
    private static func adopt(_ viewer: ViewerFeatures?, _ model: PipelineModel, into batch: inout PersonBatch) -> Bool {
        guard let viewer, Int(viewer.schemaVersion) == model.personSchemaVersion,
            viewer.embeddingVersion == (model.dimension > 0 ? model.embeddingVersion : "")
        else { return false }
        return (try? batch.append(rows: viewer.row, count: 1)) == [0]
    }

    /// Adds people from the feature store to the end of a batch.
    /// - Returns: Which of those asked for are known, ascending.
    private func fetch(
        _ ids: [UInt64], _ model: PipelineModel, _ version: String, deadline: Deadline, into batch: inout PersonBatch
    ) async throws(MeshError) -> [Int] {
        let response = try await self.features.features(
            GetFeaturesRequest(userIDs: ids, schemaVersion: UInt32(model.personSchemaVersion), embeddingVersion: version),
            deadline: .after(deadline.remaining * Self.featureShare))
        guard Int(response.schemaVersion) == model.personSchemaVersion else {
            throw MeshError(.failedPrecondition, "The feature store computes person schema \(response.schemaVersion).")
        }
        do {
            return try batch.append(rows: response.rows, count: ids.count)
        } catch {
            throw MeshError(.internal, error.message)
        }
    }

    /// The candidates, each once, without the viewer.
    private static func distinct(_ request: RankRequest) -> [UInt64] {
        var seen = SlotIndex(capacity: request.candidateIDs.count + 1)
        seen.insert(request.userID, slot: 0)
        return request.candidateIDs.filter { seen.insert($0, slot: 0) }
    }
}
