import ArgumentParser
import Overview
import Supervision

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a token for the HTTP API.",
        discussion: """
            The token is the last line of the output. Its key lies in the data folder (keys/jwt-hs256.key, mode 0600), made on first use. \
            A user's token needs the person's id as --sub and may act only as that person; a service acts for anyone; an admin sees the \
            administration too.

              curl -H "Authorization: Bearer $(duet token --role service | tail -1)" \\
                localhost:8000/api/v1/recommendations/users/1/recommendations
            """)

    @OptionGroup var folder: FolderOptions
    @Option(help: "user, service or admin.")
    var role: TokenMint.Role
    @Option(name: .customLong("sub"), help: "Whom the token speaks for: a person's id for the role user, else a name.")
    var subject: String?
    @Option(help: ArgumentHelp("How long it is valid: 90s, 15m, 24h, 7d.", valueName: "duration"))
    var ttl = DurationArgument(.seconds(86_400))

    func validate() throws {
        guard self.role == .user else { return }
        guard let subject, let id = Int64(subject), id > 0 else {
            throw ValidationError("The role user needs the person's id: --sub 42.")
        }
    }

    func run() async throws {
        let mint = try TokenMint(folder: self.folder.folder)
        let subject = self.subject ?? "duet-\(self.role.rawValue)"
        let token = try await mint.token(role: self.role, subject: subject, lifetime: self.ttl.duration)
        Console.standardError.line("A token for \(subject) (\(self.role.rawValue)), valid for \(Format.duration(self.ttl.duration)):")
        Console.standardOutput.line(token)
    }
}

extension TokenMint.Role: ExpressibleByArgument {}
