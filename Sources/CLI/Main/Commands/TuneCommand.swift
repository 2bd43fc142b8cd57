import ArgumentParser
import Domain
import Overview
import Storage
import Trainer

struct Tune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Search for the settings that do best on the latest part of the live store.",
        discussion: """
            Tries settings of stage 1 and penalties of stage 2 on the earlier part of the log, judged by what people did afterwards: a \
            longer search than that of duet train. Nothing is stored unless --apply trains a model with what was found; like any other, \
            it serves unless it is worse than the active one. Equal data and seed give equal settings.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Train a model with the settings found.") var apply = false
    @Option(help: "How many times longer than duet train's the search may take.") var effort = 3
    @Option(help: "Seed of everything random.") var seed: UInt64 = 1
    @Option(help: "Threads.") var threads = 2

    func validate() throws {
        guard self.effort >= 1, self.threads >= 1 else { throw ValidationError("--effort and --threads are at least 1.") }
    }

    private struct Summary: Encodable {
        struct Trial: Encodable {
            var stage: String
            var parameters: [String: Double]
            var quality: Double
        }

        struct Applied: Encodable {
            var version: String
            var outcome: String
        }

        var trials: [Trial]
        var best: [String: Double]
        var metrics: [String: Double]
        var activeVersion: String?
        var activeQuality: Double?
        var people: Int
        var interactions: Int
        var seconds: Double
        var applied: Applied?

        enum CodingKeys: String, CodingKey {
            case trials, best, metrics, people, interactions, seconds, applied
            case activeVersion = "active_version"
            case activeQuality = "active_quality"
        }
    }

    func run() async throws {
        var options = TrainingOptions(now: .now)
        options.seed = self.seed
        options.threads = self.threads
        options.searchEffort = self.effort
        options.rankerPenalties = [1e-6, 1e-5, 1e-4, 1e-3]
        let (settled, applies) = (options, self.apply)
        let (report, applied) = try await Stores.use(in: self.folder.folder, logger: Logs.start()) { stores in
            let report = try await Self.tune(stores, settled, console: .standardError)
            guard applies else { return (report, nil as TrainingReport?) }
            var training = settled
            training.factorizations = [report.factorization]
            training.rankerPenalties = [report.rankerPenalty]
            return (report, try await Train.train(stores, training, console: .standardError))
        }
        if self.output.json { return try JSONOutput.print(Self.summary(report, applied)) }
        Self.show(report, on: .standardOutput)
        if let applied { Train.show(applied, on: .standardOutput) }
    }

    private static func tune(_ stores: Stores, _ options: TrainingOptions, console: Console) async throws -> TuningReport {
        let job = TrainingJob(
            source: RepositoryTrainingSource(users: stores.storage.users, log: stores.storage.log), models: stores.storage.models,
            embeddings: stores.storage.embeddings)
        let bar = ProgressBar(console)
        defer { bar.finish() }
        return try await job.tune(options) { progress in
            bar.update("Tuning: \(progress.phase.rawValue)", done: Double(progress.completed), total: progress.total.map(Double.init))
        }
    }

    private static func best(_ report: TuningReport) -> [String: Double] {
        report.factorization.parameters.merging(["penalty": report.rankerPenalty]) { first, _ in first }
    }

    private static func summary(_ report: TuningReport, _ applied: TrainingReport?) -> Summary {
        Summary(
            trials: report.trials.map { .init(stage: $0.stage, parameters: $0.parameters, quality: $0.quality) }, best: self.best(report),
            metrics: report.metrics, activeVersion: report.activeVersion, activeQuality: report.activeQuality, people: report.people,
            interactions: report.interactions, seconds: report.duration / .seconds(1),
            applied: applied.map { .init(version: $0.version, outcome: Train.name($0.outcome)) })
    }

    private static func show(_ report: TuningReport, on console: Console) {
        console.line(
            "Tried \(report.trials.count) settings on \(Format.count(report.people)) people and \(Format.count(report.interactions)) "
                + "interactions in \(Format.duration(report.duration)).")
        for stage in ["factorization", "ranker"] {
            let trials = report.trials.filter { $0.stage == stage }.sorted { $0.quality > $1.quality }.prefix(5)
            for trial in trials {
                let settings = trial.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\(Float($0.value))" }
                console.line("  \(Format.decimal(trial.quality, 4))  \(stage)  \(settings.joined(separator: " "))")
            }
        }
        let quality = report.metrics["ndcg@10"] ?? 0
        console.line("Both stages with the best: ndcg@10 \(Format.decimal(quality, 4))")
        if let version = report.activeVersion, let active = report.activeQuality {
            console.line("The active \(version) with its settings: ndcg@10 \(Format.decimal(active, 4))")
        }
    }
}
