import ArgumentParser
import Supervision

struct Scale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Change how many replicas of one service run; nothing else restarts.",
        discussion: "  duet scale ranking=4\n\nReturns when the new replicas are ready, or the surplus ones have drained.")

    @OptionGroup var folder: FolderOptions
    @Argument(help: ArgumentHelp("ranking, candidate, feature or gateway, and the number of replicas.", valueName: "service=n"))
    var changes: [Change]

    struct Change: ExpressibleByArgument {
        let service: String
        let replicas: Int

        init?(argument: String) {
            let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let replicas = Int(parts[1]) else { return nil }
            (self.service, self.replicas) = (String(parts[0]), replicas)
        }
    }

    func run() async throws {
        for change in self.changes {
            let request = ControlRequest(.scale, service: change.service, replicas: change.replicas)
            _ = try await self.folder.folder.send(request)
            Console.standardOutput.line("\(change.service): \(change.replicas)")
        }
    }
}

extension DataFolder {
    /// Asks the supervisor that runs in this folder.
    ///
    /// - Throws: A sentence that says what to do if none does.
    func send(_ request: ControlRequest) async throws -> ControlReply {
        guard FolderLock.isHeld(self.lock) else { throw Failure("Nothing runs in \(self.root): start it with duet up.") }
        return try await ControlClient.send(request, to: self.control)
    }
}
