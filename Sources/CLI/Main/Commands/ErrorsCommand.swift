import ArgumentParser
import Domain
import Mesh
import MeshAPI
import Overview

struct Errors: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Warnings and errors of all processes, grouped by what they say.",
        discussion: """
            Asks every process that runs what it has logged since its start. The fingerprint is the same for the same message and kind of \
            error in every process; the request and trace are those of the latest. The whole lines are in the logs.
            """)

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Leave warnings out.") var only = false

    private struct Group: Encodable {
        var fingerprint: String
        var level: String
        var message: String
        var cause: String
        var count: UInt64
        var firstSeen: String
        var lastSeen: String
        var processes: [String]
        var requestID: String
        var traceID: String

        enum CodingKeys: String, CodingKey {
            case fingerprint, level, message, cause, count, processes
            case firstSeen = "first_seen"
            case lastSeen = "last_seen"
            case requestID = "request_id"
            case traceID = "trace_id"
        }
    }

    func run() async throws {
        let answers = try await ControlCalls.ask(self.folder.folder) { (client, deadline) async throws(MeshError) in
            try await client.listErrors(ListErrorsRequest(), deadline: deadline)
        }
        var merged: [String: (group: ErrorGroup, processes: [String])] = [:]
        for answer in answers {
            guard case .success(let response) = answer.value else { continue }
            let name = response.replica.isEmpty ? "\(answer.service) \(answer.processID)" : response.replica
            for group in response.groups where !self.only || group.level != "WARNING" {
                guard var known = merged[group.fingerprint] else {
                    merged[group.fingerprint] = (group, [name])
                    continue
                }
                let latest = group.lastSeen > known.group.lastSeen ? group : known.group
                let (count, first) = (known.group.count + group.count, min(known.group.firstSeen, group.firstSeen))
                known.group = latest
                (known.group.count, known.group.firstSeen) = (count, first)
                known.processes.append(name)
                merged[group.fingerprint] = known
            }
        }
        let groups = merged.values.sorted { $0.group.lastSeen > $1.group.lastSeen }.map { group, processes in
            Group(
                fingerprint: group.fingerprint, level: group.level, message: group.message, cause: group.cause, count: group.count,
                firstSeen: Timestamp(microseconds: group.firstSeen).iso8601, lastSeen: Timestamp(microseconds: group.lastSeen).iso8601,
                processes: processes.sorted(), requestID: group.requestID, traceID: group.traceID)
        }
        if self.output.json {
            try JSONOutput.print(groups)
            return
        }
        let console = Console.standardOutput
        for answer in answers {
            if case .failure(let error) = answer.value { console.line("✗ \(answer.service) \(answer.processID): \(error.message)") }
        }
        guard !groups.isEmpty else {
            console.line("No process has logged \(self.only ? "an error" : "a warning or an error") since its start.")
            return
        }
        for group in groups {
            console.line("\(group.level)  \(group.message)  ×\(Format.count(Int(group.count)))")
            if !group.cause.isEmpty { console.line("    \(group.cause)") }
            console.line("    \(group.fingerprint)  \(group.processes.joined(separator: ", "))")
            let request = group.requestID.isEmpty ? "" : "  request \(group.requestID)"
            console.line("    first \(group.firstSeen)  last \(group.lastSeen)\(request)")
        }
    }
}
