import ArgumentParser
import Glibc

/// The one tool: starts an installation, looks after it, feeds it and asks it.
@main struct Duet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duet",
        abstract: "Recommends people to people.",
        discussion: """
            duet up starts everything: a private PostgreSQL and Redis under .duet, the services, and the HTTP gateway on 127.0.0.1:8000. \
            An empty store is filled with a demo community and trained. Everything else works on what runs in the same folder (--dir).

            Exit status: 0 success, 1 failure with one sentence on standard error, 2 wrong usage.
            """,
        version: "duet \(Version.current)",
        groupedSubcommands: [
            CommandGroup(name: "Running", subcommands: [Up.self, Down.self, Scale.self, Call.self]),
            CommandGroup(name: "Watching", subcommands: [Status.self, Top.self, MeshState.self, MetricsBridge.self, Errors.self, LogLevel.self]),
            CommandGroup(name: "Data", subcommands: [Import.self, Export.self, Simulate.self, Migrate.self]),
            CommandGroup(name: "Learning", subcommands: [Train.self, Tune.self, Evaluate.self, Models.self]),
            CommandGroup(name: "Asking", subcommands: [Recommend.self, Why.self, Allocate.self, Token.self]),
        ])

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try await Self.asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Self.end(with: error)
        }
    }

    /// The contract on exit statuses: the parser's own differ for wrong usage.
    private static func end(with error: any Error) -> Never {
        switch Self.exitCode(for: error) {
        case .success: Self.exit(withError: error)
        case .validationFailure:
            Console.standardError.line(Self.fullMessage(for: error))
            Glibc.exit(2)
        default:
            if let code = error as? ExitCode { Glibc.exit(code.rawValue) }
            Console.standardError.line("duet: \(error)")
            Glibc.exit(1)
        }
    }
}
