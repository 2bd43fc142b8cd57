import ArgumentParser
import Domain
import Foundation
import Overview
import Simulation

struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make up a community, with its ground truth.",
        discussion: """
            Writes users.csv and interactions.csv, which duet import reads; heldout.csv, likes that are never imported; and truth, the \
            latent utilities that everything followed from, so that an ideal ranking is known. Equal options give equal files.
            """)

    @Option(help: "People, with the ids 1…N.") var people = 20_000
    @Option(help: "Interactions between them.") var interactions = 400_000
    @Option(help: "Seed of the generator.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Folder of the files; made if need be.", valueName: "folder")) var out: String
    @Option(help: ArgumentHelp("When the story ends (ISO-8601); it began 180 days before.", valueName: "time")) var end: String?

    func run() async throws {
        var options = SimulationOptions(people: self.people, interactions: self.interactions, seed: self.seed)
        if let end = self.end {
            guard let moment = Timestamp(iso8601: end) else { throw ValidationError("--end \(end) is no ISO-8601 time.") }
            options.end = moment
        }
        let community = try await Self.make(options, console: .standardError)
        try community.write(to: URL(fileURLWithPath: self.out, isDirectory: true))
        Console.standardOutput.line(
            "\(Format.count(community.users.count)) people, \(Format.count(community.interactions.count)) interactions and "
                + "\(Format.count(community.heldOut.count)) held-out likes are in \(self.out).")
    }

    static func make(_ options: SimulationOptions, console: Console) async throws -> Community {
        let bar = ProgressBar(console)
        defer { bar.finish() }
        return try await Blocking.run {
            try Community(options) { bar.update("Making up a community", done: $0, total: 1) }
        }
    }
}
