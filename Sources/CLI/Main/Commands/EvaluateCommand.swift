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
        var pipeline: String
        var parameters: [String: [String: Double]]
        var users: Int
        var metrics: [String: Double]
        var seconds: Double
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
        let metrics: [(String, Double)] = [
            ("ndcg@10", report.metricsAt10.ndcg), ("precision@10", report.metricsAt10.precision), ("recall@10", report.metricsAt10.recall),
            ("map@10", report.metricsAt10.meanAveragePrecision), ("hit@10", report.metricsAt10.hitRate),
            ("ndcg@20", report.metricsAt20.ndcg), ("recall@20", report.metricsAt20.recall), ("coverage", report.catalogue.coverage),
            ("gini", report.catalogue.gini),
        ]
        if self.output.json {
            let parameters = Dictionary(report.models.map { ($0.model, $0.parameters) }) { first, _ in first }
            try JSONOutput.print(
                SplitSummary(
                    pipeline: report.pipeline, parameters: parameters, users: report.metricsAt10.users,
                    metrics: Dictionary(uniqueKeysWithValues: metrics), seconds: report.seconds))
            return
        }
        let console = Console.standardOutput
        console.line(
            "\(report.pipeline), for \(Format.count(report.metricsAt10.users)) users, in \(Format.duration(.seconds(report.seconds)))")
        for line in Format.table(metrics.map { ["  " + $0.0, Format.decimal($0.1, 4)] }, right: [1]) { console.line(line) }
        if let rankedOut = self.rankedOut { console.line("The lists are in \(rankedOut).") }
        if let pairsOut = self.pairsOut { console.line("The scores are in \(pairsOut).") }
    }

    // MARK: The live store

    private struct StoreSummary: Encodable {
        var model: String
        var people: Int
        var metrics: [String: Double]
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
        if self.output.json {
            var metrics = ["candidate_recall": report.candidateRecall]
            for (name, quality) in rows {
                let key = name.replacing(" ", with: "_")
                metrics[key + "_recall@20"] = quality.recallAt20
                metrics[key + "_ndcg@10"] = quality.ndcgAt10
            }
            try JSONOutput.print(StoreSummary(model: report.version, people: report.people, metrics: metrics))
            return
        }
        let console = Console.standardOutput
        console.line("Model \(report.version), asked for \(Format.count(report.people)) people")
        let table =
            [["  ", "recall@20", "ndcg@10"]]
            + rows.map { ["  " + $0.0, Format.decimal($0.1.recallAt20, 4), Format.decimal($0.1.ndcgAt10, 4)] }
        for line in Format.table(table, right: [1, 2]) { console.line(line) }
        console.line("  stage 1 proposes \(Format.decimal(report.candidateRecall * 100, 1))% of the held-out likes at all")
        if let oracle = report.oracle, oracle.recallAt20 > 0, report.popularity.recallAt20 > 0 {
            console.line(
                "  \(Format.decimal(report.pipeline.recallAt20 / oracle.recallAt20, 2)) of the ideal, "
                    + "\(Format.decimal(report.pipeline.recallAt20 / report.popularity.recallAt20, 2)) times popularity")
        }
    }
}
