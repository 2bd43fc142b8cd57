import ArgumentParser
import Domain
import Overview
import Storage
import Trainer

struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model on the live store, and activate it unless it is worse than the active one.",
        discussion: """
            Stage 1 is fitted by implicit ALS, stage 2 by logistic regression on what people did afterwards; both are judged on the latest \
            part of the log. Services take a new model over without a restart. Equal data and seed give an equal model.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Activate the model even if it is worse than the active one.") var force = false
    @Flag(name: .customLong("no-activate"), help: "Register the model and leave the active one alone.") var keepsActive = false
    @Option(help: "Seed of everything random.") var seed: UInt64 = 1
    @Option(help: "Threads.") var threads = 2

    func run() async throws {
        var options = TrainingOptions(now: .now)
        options.force = self.force
        options.activates = !self.keepsActive
        options.seed = self.seed
        options.threads = self.threads
        let settled = options
        let report = try await Stores.use(in: self.folder.folder, logger: Logs.start()) { stores in
            try await Self.train(stores, settled, console: .standardError)
        }
        if self.output.json {
            try JSONOutput.print(
                Summary(
                    version: report.version, outcome: Self.name(report.outcome), people: report.people,
                    interactions: report.interactions, metrics: report.metrics, parameters: report.parameters,
                    seconds: report.duration / .seconds(1)))
        } else {
            Self.show(report, on: .standardOutput)
        }
    }

    private struct Summary: Encodable {
        var version: String
        var outcome: String
        var people: Int
        var interactions: Int
        var metrics: [String: Double]
        var parameters: [String: String]
        var seconds: Double
    }

    static func train(_ stores: Stores, _ options: TrainingOptions, console: Console) async throws -> TrainingReport {
        let job = TrainingJob(
            source: RepositoryTrainingSource(users: stores.storage.users, log: stores.storage.log), models: stores.storage.models,
            embeddings: stores.storage.embeddings)
        let bar = ProgressBar(console)
        defer { bar.finish() }
        return try await job.run(options) { progress in
            bar.update("Training: \(progress.phase.rawValue)", done: Double(progress.completed), total: progress.total.map(Double.init))
        }
    }

    static func show(_ report: TrainingReport, on console: Console) {
        console.line(
            "Trained \(report.version) on \(Format.count(report.people)) people and \(Format.count(report.interactions)) interactions "
                + "in \(Format.duration(report.duration)).")
        // What plots are made of is for plots.
        let metrics = report.metrics
            .filter { !$0.key.hasPrefix(ModelRecord.calibrationPrefix) && !$0.key.hasPrefix(ModelRecord.importancePrefix) }
            .sorted { $0.key < $1.key }
        for line in Format.table(metrics.map { ["  " + $0.key, Format.decimal($0.value, 4)] }, right: [1]) { console.line(line) }
        switch report.outcome {
        case .activated: console.line("It serves from now on.")
        case .registered: console.line("It is registered; the active model serves on.")
        case .rejected(let quality, let activeQuality, let activeVersion):
            console.line(
                "It does not serve: its quality is \(Format.decimal(quality, 4)), that of \(activeVersion) "
                    + "\(Format.decimal(activeQuality, 4)). --force activates it all the same.")
        }
    }

    static func name(_ outcome: TrainingReport.Outcome) -> String {
        switch outcome {
        case .activated: "activated"
        case .registered: "registered"
        case .rejected: "rejected"
        }
    }
}
