import ArgumentParser
import Domain
import Overview
import Storage

struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The model registry: what there is, how good it is, and which one serves.",
        discussion: "Services take another model over within moments, without a restart.",
        subcommands: [List.self, Show.self, Compare.self, Promote.self, Rollback.self], defaultSubcommand: List.self)

    /// One model, as `--json` prints it.
    private struct Entry: Encodable {
        var version: String
        var active: Bool
        var createdAt: String
        var activatedAt: String?
        var schemaVersion: Int
        var checksum: String
        var metrics: [String: Double]
        var importance: [String: Double]
        var lineage: [String: String]

        init(_ record: ModelRecord) {
            self.version = record.version
            self.active = record.isActive
            self.createdAt = record.createdAt.iso8601
            self.activatedAt = record.activatedAt?.iso8601
            self.schemaVersion = record.schemaVersion
            self.checksum = record.checksum
            self.metrics = Dictionary(record.measurements.map { ($0.name, $0.value) }) { first, _ in first }
            self.importance = Dictionary(record.importance.map { ($0.feature, $0.share) }) { first, _ in first }
            self.lineage = record.lineage
        }

        enum CodingKeys: String, CodingKey {
            case version, active, checksum, metrics, importance, lineage
            case createdAt = "created_at"
            case activatedAt = "activated_at"
            case schemaVersion = "schema_version"
        }
    }

    private static func metric(_ record: ModelRecord, _ name: String) -> String {
        record.metrics[name].map { Format.decimal($0, 4) } ?? "–"
    }

    private static func find(_ version: String, in models: [ModelRecord]) throws -> ModelRecord {
        guard let model = models.first(where: { $0.version == version }) else {
            let known = models.map(\.version).joined(separator: ", ")
            throw Failure("There is no model \(version)\(known.isEmpty ? "" : "; there are: \(known)").")
        }
        return model
    }

    private static func activate(_ model: ModelRecord, _ stores: Stores, _ output: OutputOptions) async throws {
        guard try await stores.storage.models.activate(model.version), let active = try await stores.storage.models.active() else {
            throw Failure("Model \(model.version) has gone meanwhile.")
        }
        if output.json { return try JSONOutput.print(Entry(active)) }
        Console.standardOutput.line("\(active.version) serves from now on.")
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All versions, newest first.")
        @OptionGroup var folder: FolderOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let models = try await Stores.use(in: self.folder.folder, logger: Logs.start()) { try await $0.storage.models.models() }
            if self.output.json { return try JSONOutput.print(models.map(Entry.init)) }
            if models.isEmpty { return Console.standardOutput.line("No model is registered yet: duet train makes one.") }
            let rows = models.map { model in
                [
                    model.isActive ? "*" : "", model.version, Models.metric(model, "ndcg@10"), Models.metric(model, "recall@20"),
                    Models.metric(model, "auc"), Models.metric(model, "ece"), model.lineage["interactions"] ?? "–",
                    model.lineage[ModelRecord.rejectionKey].map { "worse than \($0)" } ?? model.activatedAt.map { "served since \($0.iso8601)" }
                        ?? "",
                ]
            }
            let header = ["", "version", "ndcg@10", "recall@20", "auc", "ece", "interactions", ""]
            for line in Format.table([header] + rows, right: [2, 3, 4, 5, 6]) { Console.standardOutput.line(line) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One version: metrics, what it was made from, what counts in it.")
        @OptionGroup var folder: FolderOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "The version; the active one if left out.") var version: String?

        func run() async throws {
            let models = try await Stores.use(in: self.folder.folder, logger: Logs.start()) { try await $0.storage.models.models() }
            let chosen = try self.version.map { try Models.find($0, in: models) } ?? models.first(where: \.isActive)
            guard let model = chosen else { throw Failure("No model is active.") }
            if self.output.json { return try JSONOutput.print(Entry(model)) }
            let console = Console.standardOutput
            console.line("\(model.version)\(model.isActive ? ", serving" : ""), made \(model.createdAt.iso8601)")
            console.line("  checksum \(model.checksum), person schema \(model.schemaVersion)")
            console.line("Measured on held-out data")
            for line in Format.table(model.measurements.map { ["  " + $0.name, Format.decimal($0.value, 4)] }, right: [1]) { console.line(line) }
            console.line("Made from")
            for line in Format.table(model.lineage.sorted { $0.key < $1.key }.map { ["  " + $0.key, $0.value] }) { console.line(line) }
            if model.importance.isEmpty { return }
            console.line("What counts in stage 2")
            let shares = model.importance.map { ["  " + $0.feature, Format.decimal(100 * $0.share, 1) + "%"] }
            for line in Format.table(shares, right: [1]) { console.line(line) }
        }
    }

    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Two versions side by side.")
        @OptionGroup var folder: FolderOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "A version.") var first: String
        @Argument(help: "Another; the active one if left out.") var second: String?

        private struct Comparison: Encodable {
            var first: Entry
            var second: Entry
            var differences: [String: Double]
            var objection: String?
        }

        func run() async throws {
            let models = try await Stores.use(in: self.folder.folder, logger: Logs.start()) { try await $0.storage.models.models() }
            let one = try Models.find(self.first, in: models)
            guard let other = try self.second.map({ try Models.find($0, in: models) }) ?? models.first(where: \.isActive) else {
                throw Failure("No model is active: name the other one.")
            }
            let names = Set(one.measurements.map(\.name)).union(other.measurements.map(\.name)).sorted()
            let objection = one.objection(toReplacing: other)
            if self.output.json {
                let shared = names.compactMap { name -> (String, Double)? in
                    guard let a = one.metrics[name], let b = other.metrics[name] else { return nil }
                    return (name, a - b)
                }
                return try JSONOutput.print(
                    Comparison(
                        first: Entry(one), second: Entry(other), differences: Dictionary(shared) { first, _ in first }, objection: objection))
            }
            var rows = [["", one.version, other.version, "difference"]]
            for name in names {
                let difference = one.metrics[name].flatMap { a in other.metrics[name].map { Format.decimal(a - $0, 4) } } ?? "–"
                rows.append(["  " + name, Models.metric(one, name), Models.metric(other, name), difference])
            }
            for line in Format.table(rows, right: [1, 2, 3]) { Console.standardOutput.line(line) }
            let keys = Set(one.lineage.keys).union(other.lineage.keys).sorted().filter { one.lineage[$0] != other.lineage[$0] }
            let lineage = keys.map { ["  " + $0, one.lineage[$0] ?? "–", other.lineage[$0] ?? "–"] }
            if !lineage.isEmpty { Console.standardOutput.line("Made from different") }
            for line in Format.table(lineage, right: [1, 2]) { Console.standardOutput.line(line) }
            if let objection { Console.standardOutput.line(objection) }
        }
    }

    struct Promote: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Serve a version from now on, unless it was measured worse than the active one.")
        @OptionGroup var folder: FolderOptions
        @OptionGroup var output: OutputOptions
        @Argument(help: "The version.") var version: String
        @Flag(help: "Even if it is worse.") var force = false

        func run() async throws {
            let (version, force, output) = (self.version, self.force, self.output)
            try await Stores.use(in: self.folder.folder, logger: Logs.start()) { stores in
                let models = try await stores.storage.models.models()
                let model = try Models.find(version, in: models)
                if !force, let active = models.first(where: \.isActive), let objection = model.objection(toReplacing: active) {
                    throw Failure(objection + " --force serves it all the same.")
                }
                try await Models.activate(model, stores, output)
            }
        }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve the version again that served before.")
        @OptionGroup var folder: FolderOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let output = self.output
            try await Stores.use(in: self.folder.folder, logger: Logs.start()) { stores in
                guard let previous = ModelRecord.previous(of: try await stores.storage.models.models()) else {
                    throw Failure("No other model was active before.")
                }
                try await Models.activate(previous, stores, output)
            }
        }
    }
}
