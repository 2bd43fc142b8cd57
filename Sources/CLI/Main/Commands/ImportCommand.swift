import ArgumentParser
import DataExchange
import Logging
import Overview

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read people and interactions into the store.",
        discussion: """
            users.csv: id, name, age, gender, location, bio, interests (a JSON list, or separated by ;), latitude, longitude, created_at. \
            interactions.csv or .tsv: user_id, target_user_id, interaction_type (missing: like), timestamp (ISO-8601 or epoch seconds; \
            missing: now). JSONL with the same keys works too; the header is optional when the columns stand in this order.

            Rows go in by COPY in transactions of at most 10,000. A bad row is reported with its line and skipped. An import that was \
            broken off goes on where it stopped, and one that is repeated doubles nothing. duet train learns from what came in.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("People.", valueName: "file")) var users: String?
    @Option(help: ArgumentHelp("What they did.", valueName: "file")) var interactions: String?
    @Option(name: .customLong("id-offset"), help: ArgumentHelp("Added to every id; 1 makes room for an id 0.", valueName: "n"))
    var idOffset: Int64 = 0
    @Flag(name: .customLong("external-ids"), help: "Ids may be any text; each person gets a number, and the mapping is kept.")
    var externalIDs = false

    func validate() throws {
        if self.users == nil, self.interactions == nil { throw ValidationError("Name --users, --interactions or both.") }
        if self.externalIDs, self.idOffset != 0 { throw ValidationError("--external-ids and --id-offset exclude each other.") }
    }

    func run() async throws {
        let options = ImportOptions(identifiers: self.externalIDs ? .external : .numbers(offset: self.idOffset))
        let (users, interactions) = (self.users, self.interactions)
        let logger = Logs.start()
        let results = try await Stores.use(in: self.folder.folder, logger: logger) { stores in
            try await Self.read(users: users, interactions: interactions, options, stores, logger: logger, console: .standardError)
        }
        if self.output.json {
            try JSONOutput.print(results)
        } else {
            for result in results { result.show(on: .standardOutput) }
            if self.externalIDs {
                Console.standardOutput.line("The numbers that external ids got are in the table external_ids.")
            }
        }
    }

    /// Reads one or both files, people first.
    static func read(
        users: String?, interactions: String?, _ options: ImportOptions, _ stores: Stores, logger: Logger, console: Console
    ) async throws -> [ImportResult] {
        let importer = Importer(pool: stores.postgres, logger: logger)
        var results: [ImportResult] = []
        if let users {
            let bar = ImportBar(console, "People")
            defer { bar.finish() }
            let summary = try await importer.importUsers(from: users, options: options) { bar.update($0) }
            results.append(ImportResult(file: users, what: "people", summary))
        }
        if let interactions {
            let bar = ImportBar(console, "Interactions")
            defer { bar.finish() }
            let summary = try await importer.importInteractions(from: interactions, options: options) { bar.update($0) }
            results.append(ImportResult(file: interactions, what: "interactions", summary))
        }
        return results
    }
}

/// The outcome for one file, as it is shown and as JSON.
struct ImportResult: Encodable, Sendable {
    struct Rejection: Encodable, Sendable {
        let line: Int
        let reason: String
    }

    let file: String
    let what: String
    let rows, inserted, updated, duplicates, bareProfiles, rejectedRows, resumedRows: Int
    /// The first of them.
    let rejections: [Rejection]

    init(file: String, what: String, _ summary: ImportSummary) {
        self.file = file
        self.what = what
        self.rows = summary.rows
        self.inserted = summary.inserted
        self.updated = summary.updated
        self.duplicates = summary.duplicates
        self.bareProfiles = summary.bareProfiles
        self.rejectedRows = summary.rejectedCount
        self.resumedRows = summary.resumedRows
        self.rejections = summary.rejected.map { Rejection(line: $0.line, reason: $0.reason) }
    }

    enum CodingKeys: String, CodingKey {
        case file, what, rows, inserted, updated, duplicates, rejections
        case bareProfiles = "bare_profiles"
        case rejectedRows = "rejected_rows"
        case resumedRows = "resumed_rows"
    }

    func show(on console: Console) {
        for rejection in self.rejections { console.line("  \(self.file):\(rejection.line): \(rejection.reason)") }
        let more = self.rejectedRows - self.rejections.count
        if more > 0 { console.line("  … and \(Format.count(more)) more") }
        var parts = ["\(Format.count(self.inserted)) new"]
        if self.updated > 0 { parts.append("\(Format.count(self.updated)) changed") }
        if self.duplicates > 0 { parts.append("\(Format.count(self.duplicates)) there already") }
        if self.bareProfiles > 0 { parts.append("\(Format.count(self.bareProfiles)) people known by their id alone") }
        if self.rejectedRows > 0 { parts.append("\(Format.count(self.rejectedRows)) bad rows skipped") }
        if self.resumedRows > 0 { parts.append("went on after \(Format.count(self.resumedRows)) rows of an earlier run") }
        console.line("\(self.file): \(Format.count(self.rows)) \(self.what), " + parts.joined(separator: ", ") + ".")
    }
}

/// The bar of an import: the share is that of the bytes, the rate that of the rows.
private struct ImportBar: Sendable {
    private let bar: ProgressBar
    private let title: String

    init(_ console: Console, _ title: String) {
        self.bar = ProgressBar(console, unit: "rows")
        self.title = title
    }

    func update(_ progress: ImportProgress) {
        // The total in rows follows from what a row has taken so far.
        let share = progress.totalBytes > 0 ? Double(progress.bytes) / Double(progress.totalBytes) : 1
        self.bar.update(self.title, done: Double(progress.rows), total: share > 0 ? Double(progress.rows) / share : nil)
    }

    func finish() { self.bar.finish() }
}
