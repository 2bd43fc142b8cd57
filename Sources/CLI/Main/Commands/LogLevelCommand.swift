import ArgumentParser
import Mesh
import MeshAPI
import Overview

struct LogLevel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "Show or change the lowest level that a service's processes log.",
        discussion: """
              duet log-level ranking debug

            Holds until the process ends: one that starts later has LOG_LEVEL's. Without a level it shows what is in force.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "gateway, candidate, ranking, feature or all.") var service = "all"
    @Argument(help: "debug, info, warning, error or critical.") var level: String?

    private struct Line: Encodable {
        var service: String
        var replica: String
        var pid: Int32
        var level: String?
        var previous: String?
        var problem: String?
    }

    func validate() throws {
        let levels: Set = ["debug", "info", "warning", "error", "critical"]
        if let level = self.level, !levels.contains(level.lowercased()) {
            throw ValidationError("A level is debug, info, warning, error or critical, not \(level).")
        }
    }

    func run() async throws {
        var request = SetLogLevelRequest()
        request.level = self.level?.uppercased() ?? ""
        let asked = request
        let answers = try await ControlCalls.ask(self.folder.folder, service: self.service == "all" ? nil : self.service) {
            (client, deadline) async throws(MeshError) in try await client.setLogLevel(asked, deadline: deadline)
        }
        let lines = answers.map { answer in
            switch answer.value {
            case .success(let response):
                Line(
                    service: answer.service, replica: response.replica, pid: answer.processID, level: response.level,
                    previous: response.previous)
            case .failure(let error):
                Line(service: answer.service, replica: "", pid: answer.processID, problem: "\(error.code): \(error.message)")
            }
        }
        if self.output.json {
            try JSONOutput.print(lines)
        } else {
            let rows = lines.map { line in
                let name = line.replica.isEmpty ? line.service : line.replica
                let change = line.level == line.previous ? line.level ?? "" : "\(line.previous ?? "") → \(line.level ?? "")"
                return [name, "\(line.pid)", line.problem ?? change]
            }
            for row in Format.table(rows, right: [1]) { Console.standardOutput.line(row) }
        }
        if lines.contains(where: { $0.problem != nil }) { throw ExitCode(1) }
    }
}
