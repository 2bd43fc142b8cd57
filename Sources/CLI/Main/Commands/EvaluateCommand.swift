import ArgumentParser
import Domain
import Foundation
import Overview
import Simulation
import Storage
import Supervision
import Trainer
import Training

struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge the active model by held-out likes, or a pipeline on a data set split in two.",
        discussion: """
            Without --split: asks the live store's active model for lists and looks for likes that were never imported (by default those \
            of the demo community, whose ground truth gives an ideal to compare with).

            With --split: needs no running mesh and touches no store. Reads train.tsv and test.tsv (user<TAB>item[<TAB>time], no header), \
            searches parameters on a validation part of train, ranks with what did best there and writes user<TAB>item<TAB>rank, 20 rows \
            for each user of test.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Seed of everything random.") var seed: UInt64 = 1
    @Option(help: "Threads.") var threads = 2

    @Option(name: .customLong("held-out"), help: ArgumentHelp("CSV of likes that are not in the store.", valueName: "file"))
    var heldOut: String?
    @Option(help: ArgumentHelp("The ground truth of a made-up community.", valueName: "file")) var truth: String?
    @Option(help: "People who are asked at most.") var sample = 1000

    @Option(help: ArgumentHelp("Folder with train.tsv and test.tsv.", valueName: "folder")) var split: String?
    @Option(name: .customLong("ranked-out"), help: ArgumentHelp("Where the lists go.", valueName: "file")) var rankedOut: String?
    @Flag(name: .customLong("same-ids"), help: "Users and items are one set of people.") var sameIDs = false
    @Flag(help: "Rank by both directions; implies --same-ids.") var reciprocal = false
    @Option(help: ArgumentHelp("Pairs of ids to score, separated by a tab.", valueName: "file")) var pairs: String?
    @Option(name: .customLong("pairs-out"), help: ArgumentHelp("Where the scores go.", valueName: "file")) var pairsOut: String?
    @Option(help: "Force the model: \(SplitEvaluation.Options.models.joined(separator: ", ")).") var model: String?
    @Option(help: ArgumentHelp("Folder for plots (SVG): recall, and coverage or calibration.", valueName: "folder")) var plots: String?
    @Option(help: ArgumentHelp("Force the model's parameters: factors=16,alpha=100.", valueName: "name=value,…")) var params: String?

    func validate() throws {
        if (self.pairs == nil) != (self.pairsOut == nil) { throw ValidationError("--pairs and --pairs-out go together.") }
        if self.params != nil, self.model == nil { throw ValidationError("--params needs --model.") }
        let needsSplit = [self.rankedOut, self.pairs, self.model].contains { $0 != nil } || self.sameIDs || self.reciprocal
        if needsSplit, self.split == nil { throw ValidationError("These options need --split.") }
        _ = try self.parameters()
    }

    func run() async throws {
        if let split = self.split { try await self.evaluate(split: split) } else { try await self.evaluateStore() }
    }

    // MARK: A split

    private func parameters() throws -> [String: Double] {
        var result: [String: Double] = [:]
        for part in (self.params ?? "").split(separator: ",") {
            let sides = part.split(separator: "=")
            guard sides.count == 2, let value = Double(sides[1]) else { throw ValidationError("--params \(part) is not name=number.") }
            result[String(sides[0])] = value
        }
        return result
    }

    private struct SplitSummary: Encodable {
        struct Baseline: Encodable {
            var model: String
            var ndcgAt10: Double
            var recallAt20: Double
            /// Of the pipeline over this model, in NDCG@10.
            var gain: Double
            var gainInterval: [Double]
            var t: Double?

            enum CodingKeys: String, CodingKey {
                case model, gain, t
                case ndcgAt10 = "ndcg@10"
                case recallAt20 = "recall@20"
                case gainInterval = "gain_interval"
            }
        }

        var pipeline: String
        var parameters: [String: [String: Double]]
        var users: Int
        var metrics: [String: Double]
        /// 95% intervals of the metrics that are means over people.
        var intervals: [String: [Double]]
        var baselines: [Baseline]
        var recallCurve: [Double]
        var seconds: Double

        enum CodingKeys: String, CodingKey {
            case pipeline, parameters, users, metrics, intervals, baselines, seconds
            case recallCurve = "recall_curve"
        }
    }

    private func evaluate(split: String) async throws {
        var options = SplitEvaluation.Options(directory: split)
        options.rankedOut = self.rankedOut
        options.sameIDs = self.sameIDs
        options.reciprocal = self.reciprocal
        if let input = self.pairs, let output = self.pairsOut {
            options.pairs = SplitEvaluation.Options.Pairs(input: input, output: output)
        }
        options.model = self.model
        options.parameters = try self.parameters()
        options.seed = self.seed
        options.threads = self.threads
        let settled = options
        let report = try await Blocking.run {
            try SplitEvaluation.run(settled) { Console.standardError.line($0) }
        }
        if let plots = self.plots { try Self.draw(report, in: plots) }
        let (ten, twenty) = (report.metricsAt10, report.metricsAt20)
        let metrics: [(name: String, value: Double, error: Double?)] = [
            ("ndcg@10", ten.ndcg, ten.ndcgStandardError), ("precision@10", ten.precision, nil), ("recall@10", ten.recall, nil),
            ("map@10", ten.meanAveragePrecision, nil), ("hit@10", ten.hitRate, nil),
            ("ndcg@20", twenty.ndcg, twenty.ndcgStandardError), ("recall@20", twenty.recall, twenty.recallStandardError),
            ("coverage", report.catalogue.coverage, nil), ("gini", report.catalogue.gini, nil), ("novelty", report.lists.novelty, nil),
            ("diversity", report.lists.diversity, nil), ("serendipity", report.lists.serendipity, nil),
        ]
        func interval(_ value: Double, _ error: Double) -> [Double] { [value - 1.96 * error, value + 1.96 * error] }
        if self.output.json {
            let parameters = Dictionary(report.models.map { ($0.model, $0.parameters) }) { first, _ in first }
            let intervals = metrics.compactMap { metric in metric.error.map { (metric.name, interval(metric.value, $0)) } }
            try JSONOutput.print(
                SplitSummary(
                    pipeline: report.pipeline, parameters: parameters, users: ten.users,
                    metrics: Dictionary(uniqueKeysWithValues: metrics.map { ($0.name, $0.value) }),
                    intervals: Dictionary(uniqueKeysWithValues: intervals),
                    baselines: report.baselines.map { baseline in
                        .init(
                            model: baseline.model, ndcgAt10: baseline.metricsAt10.ndcg, recallAt20: baseline.metricsAt20.recall,
                            gain: baseline.gain.meanDifference,
                            gainInterval: [baseline.gain.interval.lowerBound, baseline.gain.interval.upperBound],
                            t: baseline.gain.tStatistic.isFinite ? baseline.gain.tStatistic : nil)
                    },
                    recallCurve: report.recallCurve, seconds: report.seconds))
            return
        }
        let console = Console.standardOutput
        console.line("\(report.pipeline), for \(Format.count(ten.users)) users, in \(Format.duration(.seconds(report.seconds)))")
        let rows = metrics.map { metric in
            ["  " + metric.name, Format.decimal(metric.value, 4), metric.error.map { "± \(Format.decimal(1.96 * $0, 4))" } ?? ""]
        }
        for line in Format.table(rows, right: [1]) { console.line(line) }
        if !report.baselines.isEmpty {
            let rows = report.baselines.map { baseline in
                [
                    "  " + baseline.model, Format.decimal(baseline.metricsAt10.ndcg, 4), Format.decimal(baseline.metricsAt20.recall, 4),
                    Format.decimal(baseline.gain.meanDifference, 4), Format.decimal(baseline.gain.tStatistic, 1),
                ]
            }
            let header = ["alone", "ndcg@10", "recall@20", "gain of \(report.pipeline)", "t"]
            for line in Format.table([header] + rows, right: [1, 2, 3, 4]) { console.line(line) }
        }
        if let rankedOut = self.rankedOut { console.line("The lists are in \(rankedOut).") }
        if let pairsOut = self.pairsOut { console.line("The scores are in \(pairsOut).") }
    }

    private static func draw(_ report: SplitEvaluation.Report, in folder: String) throws {
        let curves = [(report.pipeline, report.recallCurve)] + report.baselines.map { ($0.model, $0.recallCurve) }
        try self.write(
            LineChart(
                title: "Recall by length of the list", xLabel: "length", yLabel: "recall", series: curves.map { self.curve($0, $1) }),
            "recall.svg", in: folder)
        try self.write(
            LineChart(
                title: "Who is shown", xLabel: "share of all, the least shown first", yLabel: "share of what is shown",
                series: [
                    .init(report.pipeline, self.percentiles(report.catalogue.lorenzCurve)), .init("evenly", [(0, 0), (1, 1)]),
                ]),
            "coverage.svg", in: folder)
    }

    private static func curve(_ name: String, _ values: [Double]) -> LineChart.Series {
        LineChart.Series(name, values.enumerated().map { (Double($0 + 1), $1) })
    }

    private static func percentiles(_ curve: [Double]) -> [(x: Double, y: Double)] {
        curve.enumerated().map { (Double($0) / Double(max(1, curve.count - 1)), $1) }
    }

    private static func write(_ chart: LineChart, _ name: String, in folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try chart.svg.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        } catch {
            throw Failure("\(folder)/\(name) can't be written.")
        }
    }

    // MARK: The live store

    private struct StoreSummary: Encodable {
        var model: String
        var people: Int
        var metrics: [String: Double]
        var intervals: [String: [Double]]
        /// NDCG@10 of both stages over stage 1, person by person.
        var gain: Double
        var gainInterval: [Double]
        var t: Double?
        var calibration: [LiveEvaluation.CalibrationBin]

        enum CodingKeys: String, CodingKey {
            case model, people, metrics, intervals, gain, t, calibration
            case gainInterval = "gain_interval"
        }
    }

    private func evaluateStore() async throws {
        let demo = self.folder.folder.root + "/demo"
        let heldOut = try HeldOutFile.read(self.heldOut ?? demo + "/heldout.csv")
        let truthPath = self.truth ?? (self.heldOut == nil ? demo + "/truth" : nil)
        let truth = try truthPath.map { try Truth(contentsOf: URL(fileURLWithPath: $0)) }
        let (sample, seed, threads) = (self.sample, self.seed, self.threads)
        let report = try await Stores.use(in: self.folder.folder, logger: Logs.start()) { stores in
            let source = RepositoryTrainingSource(users: stores.storage.users, log: stores.storage.log)
            let evaluation = LiveEvaluation(source: source, models: stores.storage.models, embeddings: stores.storage.embeddings)
            return try await evaluation.run(
                heldOut: heldOut, truth: truth, sample: sample, seed: seed, threads: threads, now: .now)
        }
        var rows: [(String, LiveEvaluation.Quality)] = [
            ("popularity", report.popularity), ("stage 1", report.stage1), ("both stages", report.pipeline),
        ]
        if let oracle = report.oracle { rows.append(("ideal", oracle)) }
        if let plots = self.plots { try Self.draw(report, rows, in: plots) }
        if self.output.json {
            var metrics = ["candidate_recall": report.candidateRecall]
            var intervals: [String: [Double]] = [:]
            for (name, quality) in rows {
                let key = name.replacing(" ", with: "_")
                metrics[key + "_recall@20"] = quality.recallAt20
                metrics[key + "_ndcg@10"] = quality.ndcgAt10
                metrics[key + "_coverage"] = quality.coverage
                metrics[key + "_gini"] = quality.gini
                for (metric, value, error) in [
                    ("_recall@20", quality.recallAt20, quality.recallStandardError), ("_ndcg@10", quality.ndcgAt10, quality.ndcgStandardError),
                ] { intervals[key + metric] = [value - 1.96 * error, value + 1.96 * error] }
            }
            try JSONOutput.print(
                StoreSummary(
                    model: report.version, people: report.people, metrics: metrics, intervals: intervals, gain: report.gain.mean,
                    gainInterval: [report.gain.low, report.gain.high], t: report.gain.t.isFinite ? report.gain.t : nil,
                    calibration: report.calibration))
            return
        }
        let console = Console.standardOutput
        console.line("Model \(report.version), asked for \(Format.count(report.people)) people")
        let table =
            [["  ", "recall@20", "±", "ndcg@10", "±", "coverage", "gini"]]
            + rows.map { name, quality in
                [
                    "  " + name, Format.decimal(quality.recallAt20, 4), Format.decimal(1.96 * quality.recallStandardError, 4),
                    Format.decimal(quality.ndcgAt10, 4), Format.decimal(1.96 * quality.ndcgStandardError, 4),
                    Format.decimal(quality.coverage, 3), Format.decimal(quality.gini, 3),
                ]
            }
        for line in Format.table(table, right: [1, 2, 3, 4, 5, 6]) { console.line(line) }
        console.line(
            "  both stages over stage 1: ndcg@10 \(Format.decimal(report.gain.mean, 4)) "
                + "(\(Format.decimal(report.gain.low, 4)) to \(Format.decimal(report.gain.high, 4))), t = \(Format.decimal(report.gain.t, 1))")
        console.line("  stage 1 proposes \(Format.decimal(report.candidateRecall * 100, 1))% of the held-out likes at all")
        if let oracle = report.oracle, oracle.recallAt20 > 0, report.popularity.recallAt20 > 0 {
            console.line(
                "  \(Format.decimal(report.pipeline.recallAt20 / oracle.recallAt20, 2)) of the ideal, "
                    + "\(Format.decimal(report.pipeline.recallAt20 / report.popularity.recallAt20, 2)) times popularity")
        }
    }

    private static func draw(_ report: LiveEvaluation.Report, _ rows: [(String, LiveEvaluation.Quality)], in folder: String) throws {
        try self.write(
            LineChart(
                title: "Recall by length of the list", xLabel: "length", yLabel: "recall",
                series: rows.map { self.curve($0.0, $0.1.recallCurve) }), "recall.svg", in: folder)
        try self.write(
            LineChart(
                title: "Who is shown", xLabel: "share of all people, the least shown first", yLabel: "share of what is shown",
                series: rows.map { .init($0.0, self.percentiles($0.1.lorenzCurve)) } + [.init("evenly", [(0, 0), (1, 1)])]),
            "coverage.svg", in: folder)
        if report.calibration.isEmpty { return }
        try self.write(
            LineChart(
                title: "Calibration of the probability of a like", xLabel: "predicted", yLabel: "true",
                series: [.init("model", report.calibration.map { ($0.predicted, $0.actual) }), .init("ideal", [(0, 0), (1, 1)])]),
            "calibration.svg", in: folder)
    }
}
