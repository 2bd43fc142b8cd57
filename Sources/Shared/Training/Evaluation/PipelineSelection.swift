internal import LinearMath

/// Chooses models, parameters and weights on a validation part of train.
enum PipelineSelection {
    struct Plan: Sendable {
        var name: String
        var models: [ParameterSearch.Trial]
        /// Weights of the features of a blend; `nil` for a single model.
        var weights: [Double]?
        var quality: Double?
        var mutual: MutualScorer?
        var mutualQuality: Double?
    }

    static func run(
        _ data: SplitData, _ options: SplitEvaluation.Options, progress: (@Sendable (String) -> Void)?
    ) throws(SplitEvaluationError) -> Plan {
        let families = try Self.families(options)
        var generator = SeededGenerator(seed: options.seed)
        let validations = Self.validations(data, &generator)
        var trials: [ParameterSearch.Trial] = []
        if options.parameters.isEmpty {
            var search = ParameterSearch(
                validations: validations, interactions: data.train.count, seed: options.seed, threads: options.threads, progress: progress)
            trials = families.compactMap { search.best(of: $0) }
        } else if let family = families.first, families.count == 1 {
            let forced = try Self.usual(family, seed: options.seed).replacing(options.parameters)
            guard let model = forced.fitted(to: validations[0].matrix, threads: options.threads) else {
                throw SplitEvaluationError(.badParameter, "\(family.rawValue) can't be fitted to this split with these parameters.")
            }
            trials = [.init(specification: forced, quality: validations[0].quality(of: model, threads: options.threads))]
        } else {
            throw SplitEvaluationError(.badParameter, "Parameters need the model that they belong to.")
        }
        guard let best = trials.max(by: { $0.quality < $1.quality }) else {
            throw SplitEvaluationError(.badParameter, "\(options.model ?? "No model") can't be fitted to this split.")
        }
        var plan = Plan(name: best.specification.family.rawValue, models: [best], quality: best.quality)
        if trials.count > 1 {
            Self.consider(blendOf: trials, validations, options, &plan, progress)
        }
        if options.reciprocal || options.pairs != nil { Self.addMutual(validations[0], options, &plan, progress) }
        return plan
    }

    /// The parts of train that settings are judged by: drawn as test was drawn, and several where one alone would be small.
    private static func validations(_ data: SplitData, _ generator: inout SeededGenerator) -> [ValidationSet] {
        // Where both sides are the same people, a pair held out one way would show through the other.
        let method: ValidationSet.Method = data.sameIDs ? .pairs : data.isTemporal ? .temporal : .random
        let limit = SplitEvaluation.Validation.maximumPeople(interactions: data.train.count, columns: data.columnIDs.count)
        let count =
            switch method {
            case .temporal: 1  // The latest part is always the same one.
            case _ where data.train.count > SplitEvaluation.Validation.repetitionLimit: 1
            case .pairs: 2
            case .random: 3
            }
        return (0..<count).map { _ in
            ValidationSet(
                data, method: method, share: SplitEvaluation.Validation.share, maximumRows: limit, generator: &generator)
        }
    }

    /// Blends the models that are not hopeless, and keeps the blend if it does better than the best of them.
    private static func consider(
        blendOf trials: [ParameterSearch.Trial], _ validations: [ValidationSet], _ options: SplitEvaluation.Options, _ plan: inout Plan,
        _ progress: (@Sendable (String) -> Void)?
    ) {
        let best = plan.quality ?? 0
        let used = trials.filter { $0.quality > 0.5 * best && $0.specification != .popularity }
        guard used.count > 1 else { return }
        let parts = validations.map { (pipeline: Self.pipeline(used, $0, options), validation: $0) }
        let blend = BlendTrainer.fit(parts, width: used.count + 1, count: options.listLength, threads: options.threads)
        progress?("blend of \(used.count) models: \(ParameterSearch.rounded(blend.quality))")
        guard blend.quality > best || options.model == "blend" else { return }
        plan = Plan(name: "blend", models: used, weights: blend.weights, quality: blend.quality)
    }

    private static func addMutual(
        _ validation: ValidationSet, _ options: SplitEvaluation.Options, _ plan: inout Plan, _ progress: (@Sendable (String) -> Void)?
    ) {
        let pipeline = Self.pipeline(plan.models, validation, options)
        let weights = plan.weights ?? [1, 0]
        let fit = MutualScorer.fit(pipeline, validation, weights: weights, seed: options.seed, threads: options.threads)
        progress?("both directions, balance \(fit.scorer.balance): \(ParameterSearch.rounded(fit.quality))")
        plan.mutual = fit.scorer
        plan.mutualQuality = fit.quality
    }

    private static func pipeline(
        _ trials: [ParameterSearch.Trial], _ validation: ValidationSet, _ options: SplitEvaluation.Options
    ) -> FittedPipeline {
        FittedPipeline(
            matrix: validation.matrix, sameIDs: validation.sameIDs,
            models: trials.compactMap { $0.specification.fitted(to: validation.matrix, threads: options.threads) })
    }

    private static func families(
        _ options: SplitEvaluation.Options
    ) throws(SplitEvaluationError) -> [ModelSpecification.Family] {
        guard let name = options.model, name != "blend" else { return ModelSpecification.Family.allCases }
        guard let family = ModelSpecification.Family(rawValue: name) else {
            let known = SplitEvaluation.Options.models.joined(separator: ", ")
            throw SplitEvaluationError(.unknownModel, "There is no model \(name); there are: \(known).")
        }
        return [family]
    }

    private static func usual(_ family: ModelSpecification.Family, seed: UInt64) -> ModelSpecification {
        switch family {
        case .ials: .ials(ALSParameters(seed: seed))
        case .ease: .ease(regularization: 200)
        case .itemKNN: .itemKNN(NeighbourParameters())
        case .userKNN: .userKNN(NeighbourParameters())
        case .popularity: .popularity
        }
    }
}
