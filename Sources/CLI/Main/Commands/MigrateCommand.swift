import ArgumentParser
import Domain
import Storage

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the database's schema up to date.",
        discussion: "up does this by itself. Use it before a rolling start against a database of your own (DATABASE_URL).")

    @OptionGroup var folder: FolderOptions

    func run() async throws {
        // Opening the stores migrates them; what is left is to say so.
        try await Stores.use(in: self.folder.folder, logger: Logs.start()) { stores in
            _ = try await stores.storage.users.count()
        }
        Console.standardOutput.line("The schema is up to date.")
    }
}
