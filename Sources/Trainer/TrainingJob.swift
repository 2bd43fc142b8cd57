public import Domain
internal import Features
internal import Models
internal import Training

/// Trains both stages on everything there is, judges them on the latest part and publishes them.
///
/// The log is cut in time. Stage 1 and the features are made of what came before the cut, stage 2 learns from what people did after it,
/// and people whom it didn't learn from judge the whole. At last stage 1 is fitted on everything. Metrics in the registry: `auc` (likes
/// among reactions), `ece` (calibration), `ndcg@10` and `recall@20` of whole lists, and the latter two for `stage1` and `popularity`.
public struct TrainingJob: Sendable {
    private let source: any TrainingSource
    private let publisher: ModelPublisher
    private let models: any ModelRepository

    public init(source: any TrainingSource, models: any ModelRepository, embeddings: any EmbeddingRepository) {
        self.source = source
        self.models = models
        self.publisher = ModelPublisher(models: models, embeddings: embeddings)
    }

    /// - Parameter progress: Called from several tasks.
    /// - Throws: ``TrainingError``, or what the source or the registry throws. Nothing is left behind by a run that fails.
    public func run(
        _ options: TrainingOptions, progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
    ) async throws -> TrainingReport {
        try options.validate()
        let start = ContinuousClock.now
        let reporter = ProgressReporter(report: progress)
        let dataset = try await Dataset(reading: self.source, until: options.now, progress: reporter.begin(.reading))
        try Self.requireEnough(dataset)
        let recipe = try await Recipe.learn(dataset, options, reporter)
        let guarded = try await self.comparison(recipe, dataset, options)

        let fitted = reporter.begin(.fitting, total: recipe.factorization.iterations)
        let everything = Opinions(dataset.events, people: dataset.users.count)
        let factors = FactorTable(everything.likes, recipe.factorization, threads: options.threads) { done, _ in fitted(done) }
        let version = try await self.publisher.freeVersion(at: options.now)
        let model = recipe.model(version: version, factors: factors, options)
        let outcome: TrainingReport.Outcome
        if let (active, quality) = guarded, !options.force, recipe.isWorse(than: quality) {
            outcome = .rejected(quality: recipe.quality.ndcg, activeQuality: quality, activeVersion: active)
        } else {
            outcome = options.activates ? .activated : .registered
        }
        var parameters = recipe.lineage(dataset, options)
        if let (active, quality) = guarded {
            parameters["compared_with"] = active
            parameters["compared_quality"] = "\(quality)"
        }
        if case .rejected = outcome { parameters[ModelRecord.rejectionKey] = guarded?.version }
        try await self.publisher.publish(
            model, lineage: parameters, users: dataset.users, factors: factors, activates: outcome == .activated, reporter)
        return TrainingReport(
            version: version, outcome: outcome, people: dataset.users.count, interactions: dataset.events.count, metrics: recipe.metrics,
            parameters: parameters, duration: ContinuousClock.now - start)
    }

    /// Looks for the settings that do best on the latest part of the log, more thoroughly than a training does, and stores nothing.
    ///
    /// - Parameter progress: Called from several tasks.
    /// - Throws: ``TrainingError``, or what the source or the registry throws.
    public func tune(
        _ options: TrainingOptions, progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
    ) async throws -> TuningReport {
        try options.validate()
        let start = ContinuousClock.now
        let reporter = ProgressReporter(report: progress)
        let dataset = try await Dataset(reading: self.source, until: options.now, progress: reporter.begin(.reading))
        try Self.requireEnough(dataset)
        let recipe = try await Recipe.learn(dataset, options, reporter)
        let active = try await self.comparison(recipe, dataset, options)
        let chosen = recipe.factorization
        return TuningReport(
            trials: recipe.trials,
            factorization: FactorizationTrial(
                factors: chosen.factors, iterations: chosen.iterations,
                unobservedMass: chosen.unobservedWeight * Double(dataset.users.count), regularization: chosen.regularization,
                regularizationExponent: chosen.regularizationExponent),
            rankerPenalty: recipe.rankerPenalty, metrics: recipe.metrics, activeVersion: active?.version, activeQuality: active?.quality,
            people: dataset.users.count, interactions: dataset.events.count, duration: ContinuousClock.now - start)
    }

    private static func requireEnough(_ dataset: Dataset) throws(TrainingError) {
        guard dataset.users.count >= 2 else {
            throw TrainingError(.notEnoughData, "There are \(dataset.users.count) people; training needs at least two.")
        }
        let likes = dataset.events.count { $0.kind.isPositive }
        guard likes >= 10 else {
            throw TrainingError(.notEnoughData, "There are \(likes) likes; training needs at least ten.")
        }
    }

    /// Quality of the active model's recipe on the same past and future; `nil` without an active model that can be compared.
    private func comparison(
        _ recipe: Recipe, _ dataset: Dataset, _ options: TrainingOptions
    ) async throws -> (version: String, quality: Double)? {
        guard !options.force, let active = try await self.models.active(), let bytes = try await self.models.artefact(active.version),
            let model = try? PipelineModel(decoding: bytes), let scorer = try? Scorer(model: model)
        else { return nil }
        return (active.version, try await recipe.quality(of: scorer, dataset, options))
    }
}
