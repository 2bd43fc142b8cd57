internal import Glibc
internal import LinearMath

/// Ranks for the people of a held-out split with the pipeline that does best on a validation part of its training interactions.
///
/// Reads `train.tsv` and `test.tsv` (`user<TAB>item[<TAB>time]`, no header). No model, parameter or weight is chosen by looking at whom
/// `test.tsv` holds: it says whom to rank for and, in the report, how well that went; its times tell whether test follows train, so that
/// the validation part is drawn in the same way. Equal input, options and seed give equal lists.
public enum SplitEvaluation {
    /// Evaluates a split.
    ///
    /// - Parameter progress: Called with one line at a time, from this thread.
    public static func run(
        _ options: Options, progress: (@Sendable (String) -> Void)? = nil
    ) throws(SplitEvaluationError) -> Report {
        let started = Self.seconds()
        let data = try SplitData(directory: options.directory, sameIDs: options.sameIDs || options.reciprocal)
        progress?("\(data.train.count) interactions of \(data.rowIDs.count) people with \(data.columnIDs.count) items")
        let plan = try PipelineSelection.run(data, options, progress: progress)
        let matrix = data.matrix(of: data.train)
        progress?("fitting \(plan.name) on all interactions")
        let pipeline = FittedPipeline(
            matrix: matrix, sameIDs: data.sameIDs,
            models: plan.models.compactMap { $0.specification.fitted(to: matrix, threads: options.threads) })
        let lists = Self.rank(data, pipeline, plan, options)
        if let path = options.rankedOut { try Self.write(lists, to: path) }
        if let pairs = options.pairs, let scorer = plan.mutual {
            try Self.scorePairs(data, pipeline, scorer, pairs: pairs, mutual: options.reciprocal, threads: options.threads)
        }
        let seconds = Self.seconds() - started
        return Report(
            data: data, lists: lists, baselines: Self.baselines(data, pipeline, plan, options), plan: plan, matrix: matrix,
            seconds: seconds)
    }

    /// What each model of a blend would have ranked alone, and popularity.
    private static func baselines(
        _ data: SplitData, _ pipeline: FittedPipeline, _ plan: PipelineSelection.Plan, _ options: Options
    ) -> [(model: String, lists: Report.Lists)] {
        var models = plan.weights == nil ? [] : zip(plan.models.map(\.specification.family.rawValue), pipeline.models).map { ($0, $1) }
        if plan.name != ModelSpecification.Family.popularity.rawValue {
            models.append((ModelSpecification.Family.popularity.rawValue, .popularity(Popularity.fit(pipeline.matrix))))
        }
        return models.map { name, model in
            let lists = Self.lists(data, pipeline.matrix, options) { rows in
                Ranker.rank(
                    rows: rows, columnCount: data.columnIDs.count, matrix: pipeline.matrix, sameIDs: data.sameIDs,
                    count: options.listLength, threads: options.threads
                ) { row, scores in model.score(row: row, of: pipeline.matrix, into: &scores) }
            }
            return (name, lists)
        }
    }

    /// For each person of test the ids ranked, best first.
    private static func rank(
        _ data: SplitData, _ pipeline: FittedPipeline, _ plan: PipelineSelection.Plan, _ options: Options
    ) -> Report.Lists {
        Self.lists(data, pipeline.matrix, options) { known in
            if options.reciprocal, let scorer = plan.mutual {
                return scorer.rank(pipeline, rows: known, count: options.listLength, threads: options.threads)
            }
            if let weights = plan.weights {
                return Ranker.map(known, threads: options.threads) { pipeline.rank(row: $0, weights: weights, count: options.listLength) }
            }
            return Ranker.rank(
                rows: known, columnCount: data.columnIDs.count, matrix: pipeline.matrix, sameIDs: data.sameIDs,
                count: options.listLength, threads: options.threads
            ) { row, scores in pipeline.models.first?.score(row: row, of: pipeline.matrix, into: &scores) }
        }
    }

    /// Lists for the people of test: those of whom train knows something by `rank`, the others by popularity.
    private static func lists(
        _ data: SplitData, _ matrix: InteractionMatrix, _ options: Options, _ rank: ([Int32]) -> [[Hit]]
    ) -> Report.Lists {
        let numbers = SplitData.numbers(data.rowIDs)
        let known = data.test.compactMap { numbers[$0.user] }.filter { matrix.byRow.degree(of: Int($0)) > 0 }
        let ranked = Dictionary(uniqueKeysWithValues: zip(known, rank(known)))
        let popular = Ranker.top(Popularity.fit(matrix).scores, count: options.listLength + 1)
        return data.test.map { user, _ in
            let list = numbers[user].flatMap { ranked[$0] } ?? popular
            let ids = list.map { data.columnIDs[Int($0.row)] }
            return (user, Array(ids.lazy.filter { !data.sameIDs || $0 != user }.prefix(options.listLength)))
        }
    }

    private static func write(_ lists: Report.Lists, to path: String) throws(SplitEvaluationError) {
        var text = ""
        for (user, items) in lists {
            for (index, item) in items.enumerated() { text += "\(user)\t\(item)\t\(index + 1)\n" }
        }
        try TabSeparatedFile.write(text, to: path)
    }

    private static func scorePairs(
        _ data: SplitData, _ pipeline: FittedPipeline, _ scorer: MutualScorer, pairs: Options.Pairs, mutual: Bool, threads: Int
    ) throws(SplitEvaluationError) {
        let lines = try TabSeparatedFile.read(pairs.input)
        let rows = SplitData.numbers(data.rowIDs)
        let columns = SplitData.numbers(data.columnIDs)
        var known: [(Int32, Int32)] = []
        var places: [Int] = []
        for (index, line) in lines.enumerated() {
            guard let row = rows[line.first], let column = columns[line.second] else { continue }
            known.append((row, column))
            places.append(index)
        }
        var scores = [Double](repeating: 0, count: lines.count)  // Of whom nothing is known, nothing is expected.
        let found = scorer.scores(pipeline, pairs: known, mutual: mutual, threads: threads)
        for (place, score) in zip(places, found) { scores[place] = score }
        let text = zip(lines, scores).map { "\($0.first)\t\($0.second)\t\($1)\n" }.joined()
        try TabSeparatedFile.write(text, to: pairs.output)
    }

    private static func seconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
