internal import Glibc
internal import LinearMath

/// Ranks for the people of a held-out split with the pipeline that does best on a validation part of its training interactions.
///
/// Reads `train.tsv` and `test.tsv` (`user<TAB>item[<TAB>time]`, no header). Nothing is chosen by looking at `test.tsv`, which only says
/// whom to rank for and, in the report, how well that went. Equal input, options and seed give equal lists.
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
        return Report(data: data, lists: lists, plan: plan, matrix: matrix, seconds: Self.seconds() - started)
    }

    /// For each person of test the ids ranked, best first.
    private static func rank(
        _ data: SplitData, _ pipeline: FittedPipeline, _ plan: PipelineSelection.Plan, _ options: Options
    ) -> [(user: Int64, items: [Int64])] {
        let numbers = SplitData.numbers(data.rowIDs)
        let known = data.test.compactMap { numbers[$0.user] }.filter { pipeline.matrix.byRow.degree(of: Int($0)) > 0 }
        let hits: [[Hit]]
        if options.reciprocal, let scorer = plan.mutual {
            hits = scorer.rank(pipeline, rows: known, count: options.listLength, threads: options.threads)
        } else if let weights = plan.weights {
            hits = Ranker.map(known, threads: options.threads) { pipeline.rank(row: $0, weights: weights, count: options.listLength) }
        } else {
            hits = Ranker.rank(
                rows: known, columnCount: data.columnIDs.count, matrix: pipeline.matrix, sameIDs: data.sameIDs,
                count: options.listLength, threads: options.threads
            ) { row, scores in pipeline.models.first?.score(row: row, of: pipeline.matrix, into: &scores) }
        }
        let ranked = Dictionary(uniqueKeysWithValues: zip(known, hits))
        // Somebody of whom train knows nothing gets what is popular.
        let popular = Ranker.top(Popularity.fit(pipeline.matrix).scores, count: options.listLength + 1)
        return data.test.map { user, _ in
            let list = numbers[user].flatMap { ranked[$0] } ?? popular
            let ids = list.map { data.columnIDs[Int($0.row)] }
            return (user, Array(ids.lazy.filter { !data.sameIDs || $0 != user }.prefix(options.listLength)))
        }
    }

    private static func write(_ lists: [(user: Int64, items: [Int64])], to path: String) throws(SplitEvaluationError) {
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
