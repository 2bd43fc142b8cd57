import ArgumentParser
import Logging
import Mesh
import Supervision

struct MeshState: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mesh",
        abstract: "The replicas of the services, and how they see each other: versions, load, latencies, ejections, breakers.",
        discussion: """
            Asks each replica itself, over the mesh. On a terminal the view is live until Ctrl-C; --once, --json or a pipe print it once.
            Exit status 1 if one replica is not serving.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Print the view once and end.") var once = false

    func run() async throws {
        let folder = self.folder.folder
        guard FileSystem.exists(folder.mesh) else { throw Failure("Nothing runs in \(folder.root): start it with duet up.") }
        let discovery = try Discovery(directory: folder.mesh, logger: .quiet)
        defer { discovery.shutdown() }
        let console = Console.standardOutput
        if console.isTerminal, !self.output.json, !self.once {
            while true {
                let lines = await MeshReport.gather(discovery.endpoints).lines
                // The cursor to the corner, each line to its end, and what is below.
                console.line("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J")
                try await Task.sleep(for: .seconds(1))
            }
        }
        let report = await MeshReport.gather(discovery.endpoints)
        if self.output.json { try JSONOutput.print(report) } else { for line in report.lines { console.line(line) } }
        if !report.isWell { throw ExitCode(1) }
    }
}
