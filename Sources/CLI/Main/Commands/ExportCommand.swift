import ArgumentParser
import DataExchange
import Foundation
import Overview

struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write people and interactions to files that duet import reads back without loss.",
        discussion: "Writes users.csv and interactions.csv from one snapshot of the store.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("Folder of the files; made if need be.", valueName: "folder")) var out: String

    private struct Summary: Encodable {
        var users: Int
        var interactions: Int
    }

    func run() async throws {
        let out = self.out
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        let logger = Logs.start()
        let summary = try await Stores.use(in: self.folder.folder, logger: logger) { stores in
            let bar = ProgressBar(.standardError, unit: "rows")
            defer { bar.finish() }
            return try await Exporter(pool: stores.postgres, logger: logger)
                .export(users: out + "/users.csv", interactions: out + "/interactions.csv") {
                    bar.update("Exporting", done: Double($0), total: nil)
                }
        }
        if self.output.json {
            try JSONOutput.print(Summary(users: summary.users, interactions: summary.interactions))
        } else {
            Console.standardOutput.line(
                "\(Format.count(summary.users)) people and \(Format.count(summary.interactions)) interactions are in \(out).")
        }
    }
}
