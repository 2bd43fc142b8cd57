internal import Domain
internal import Features
internal import Models
internal import Training

/// What training has learnt but the final factors: the setting of stage 1, and stage 2 with its quality.
struct Recipe: Sendable {
    let bench: Workbench
    let counters: [BehaviourCounters]
    let factorization: Retrieval.Factorization
    let ranker: LogisticModel
    let calibration: PlattCalibration
    let fusion: Fusion
    let quality: RankingMetrics
    let metrics: [String: Double]
    let rankerPenalty: Double
    /// What was tried, in that order.
    let trials: [TuningReport.Trial]

    /// Weights of the other direction that are tried.
    private static let reciprocalWeights = [0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1]

    static func learn(_ dataset: Dataset, _ options: TrainingOptions, _ reporter: ProgressReporter) async throws -> Recipe {
        let bench = Workbench(dataset, options)
        let counters = FeatureTable.counters(bench.division.past, users: dataset.users)
        try FeatureTable.audit(counters, past: bench.division.past, cut: bench.division.cut)
        guard !bench.teachers.isEmpty, bench.past.likes.entryCount > 0 else {
            throw TrainingError(.notEnoughData, "There are too few likes to learn from some and be judged by others.")
        }
        var trials: [TuningReport.Trial] = []
        let (finder, moment) = try await Self.search(bench, counters, dataset, options, reporter, &trials)
        _ = reporter.begin(.examples)
        let examples = await ExampleSet.make(bench, finder, moment, options)
        let penalties = options.rankerPenalties.isEmpty ? [options.rankerPenalty] : options.rankerPenalties
        var best: (ranker: LogisticModel, penalty: Double, validation: Validation)?
        for penalty in penalties {
            try Task.checkCancellation()
            _ = reporter.begin(.ranking)
            let fit = LogisticTrainer.fit(
                features: examples.features, width: PairSchema.width, labels: examples.labels, weights: examples.weights, l2: penalty)
            let ranker = try LogisticModel(names: PairSchema.schema.names, weights: fit.weights, intercept: fit.intercept)
            _ = reporter.begin(.validating)
            let draft = try Self.draft(ranker, finder, options)
            let validation = try await Validation(bench, finder, Scorer(model: draft), moment, threads: options.threads)
            let quality = validation.quality(reciprocalWeight: 0).ndcg.ndcg
            if penalties.count > 1 {
                trials.append(.init(stage: "ranker", parameters: ["penalty": penalty], quality: quality))
            }
            if quality > best?.validation.quality(reciprocalWeight: 0).ndcg.ndcg ?? -1 { best = (ranker, penalty, validation) }
        }
        guard let (ranker, penalty, validation) = best else { throw TrainingError(.invalidOption, "There is no penalty to try.") }
        let weight = validation.bestReciprocalWeight(of: Self.reciprocalWeights)
        let (calibration, error, bins) = Calibrator.fit(validation)
        let quality = validation.quality(reciprocalWeight: weight)
        var metrics = ["ndcg@10": quality.ndcg.ndcg, "recall@20": quality.recall.recall, "judges": Double(bench.judges.count)]
        metrics["ndcg@10.se"] = quality.ndcg.ndcgStandardError
        for (name, share) in examples.importance(of: ranker) { metrics["\(ModelRecord.importancePrefix)\(name)"] = share }
        metrics["auc"] = validation.areaUnderCurve
        metrics["ece"] = error
        // For plots beside other versions.
        for (index, bin) in bins.enumerated() {
            metrics["\(ModelRecord.calibrationPrefix)\(index).predicted"] = bin.predicted
            metrics["\(ModelRecord.calibrationPrefix)\(index).observed"] = bin.observed
            metrics["\(ModelRecord.calibrationPrefix)\(index).count"] = Double(bin.count)
        }
        for (name, baseline) in [("stage1", validation.stage1), ("popularity", validation.popularity)] {
            metrics["\(name).ndcg@10"] = baseline.ndcg.ndcg
            metrics["\(name).recall@20"] = baseline.recall.recall
        }
        return Recipe(
            bench: bench, counters: counters, factorization: finder.factors.parameters, ranker: ranker, calibration: calibration,
            fusion: try Fusion(kind: .product, reciprocalWeight: weight), quality: quality.ndcg, metrics: metrics, rankerPenalty: penalty,
            trials: trials)
    }

    /// Fits settings of stage 1 on the past and keeps the best.
    private static func search(
        _ bench: Workbench, _ counters: [BehaviourCounters], _ dataset: Dataset, _ options: TrainingOptions, _ reporter: ProgressReporter,
        _ trials: inout [TuningReport.Trial]
    ) async throws -> (CandidateFinder, RequestMoment) {
        var search = FactorizationSearch(
            people: dataset.users.count, likes: bench.past.likes.entryCount, fixed: options.factorizations, effort: options.searchEffort)
        let tried = reporter.begin(.searching, total: search.budget)
        // Stage 1 is judged by factors alone: features that hold them are computed once, for the best.
        let profiles = await FeatureTable(
            users: dataset.users, counters: counters, factors: nil, moment: bench.division.moment, threads: options.threads)
        var finder: CandidateFinder?
        var best: (factors: FactorTable, quality: Double)?
        while let trial = search.next() {
            try Task.checkCancellation()
            let parameters = FactorizationSearch.parameters(trial, people: dataset.users.count, seed: options.seed)
            let factors = FactorTable(bench.past.likes, parameters, threads: options.threads)
            let candidate =
                finder?.with(factors)
                ?? CandidateFinder(
                    batch: profiles.batch, factors: factors, opinions: bench.past, quotas: options.quotas, seed: options.seed)
            finder = candidate
            let quality = await FactorizationSearch.quality(bench, candidate, cutoff: 50, threads: options.threads)
            if quality > best?.quality ?? -1 { best = (factors, quality) }
            search.judged(trial, quality: quality)
            trials.append(.init(stage: "factorization", parameters: trial.parameters, quality: quality))
            tried(search.trialCount)
        }
        tried(search.budget)
        guard let best else { throw TrainingError(.invalidOption, "There is no setting of stage 1 to try.") }
        let table = await FeatureTable(
            users: dataset.users, counters: counters, factors: best.factors, moment: bench.division.moment, threads: options.threads)
        let chosen = CandidateFinder(
            batch: table.batch, factors: best.factors, opinions: bench.past, quotas: options.quotas, seed: options.seed)
        return (chosen, table.moment)
    }

    private static func draft(_ ranker: LogisticModel, _ finder: CandidateFinder, _ options: TrainingOptions) throws -> PipelineModel {
        PipelineModel(
            version: "draft", createdAt: options.now, embeddingVersion: "draft", dimension: finder.factors.dimension, ranker: ranker,
            calibration: .identity, fusion: try Fusion(kind: .product, reciprocalWeight: 0),
            retrieval: Retrieval(factorization: finder.factors.parameters, quotas: options.quotas))
    }

    /// NDCG@10 of another model's setting and ranker on the same past, future and judges.
    func quality(of scorer: Scorer, _ dataset: Dataset, _ options: TrainingOptions) async throws -> Double {
        let retrieval = scorer.model.retrieval
        let factors = FactorTable(self.bench.past.likes, retrieval.factorization, threads: options.threads)
        let table = await FeatureTable(
            users: dataset.users, counters: self.counters, factors: factors, moment: self.bench.division.moment, threads: options.threads)
        let finder = CandidateFinder(
            batch: table.batch, factors: factors, opinions: self.bench.past, quotas: retrieval.quotas, seed: options.seed)
        let validation = await Validation(self.bench, finder, scorer, table.moment, threads: options.threads)
        return validation.quality(reciprocalWeight: scorer.model.fusion.reciprocalWeight).ndcg.ndcg
    }

    /// Worse by more than the chance of the draw of judges explains.
    func isWorse(than quality: Double) -> Bool { self.quality.ndcg < quality - self.quality.ndcgStandardError }

    func model(version: String, factors: FactorTable, _ options: TrainingOptions) -> PipelineModel {
        PipelineModel(
            version: version, createdAt: options.now, embeddingVersion: version, dimension: factors.dimension, ranker: self.ranker,
            calibration: self.calibration, fusion: self.fusion,
            retrieval: Retrieval(factorization: self.factorization, quotas: options.quotas), sourceGram: factors.sourceGram,
            targetGram: factors.targetGram, metrics: self.metrics)
    }

    /// What the model was made from.
    func lineage(_ dataset: Dataset, _ options: TrainingOptions) -> [String: String] {
        [
            "people": "\(dataset.users.count)", "interactions": "\(dataset.events.count)", "seed": "\(options.seed)",
            "factors": "\(self.factorization.factors)", "iterations": "\(self.factorization.iterations)",
            "unobserved_weight": "\(self.factorization.unobservedWeight)", "regularization": "\(self.factorization.regularization)",
            "regularization_exponent": "\(self.factorization.regularizationExponent)",
            "reciprocal_weight": "\(self.fusion.reciprocalWeight)", "ranker_penalty": "\(self.rankerPenalty)",
            "cut": self.bench.division.cut?.iso8601 ?? "random",
        ]
    }
}
