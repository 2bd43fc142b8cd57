import ArgumentParser
import Logging
import ServiceRuntime
import Supervision

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start everything and keep it running.",
        discussion: """
            Starts a private PostgreSQL and Redis in the data folder, brings the schema up to date, starts the services and the gateway, \
            and restarts what ends. With DATABASE_URL or REDIS_URL set it uses those and starts none of its own. An empty store gets the \
            demo community (20,000 people, the ids 1…20000) and a training run; --data fills it from files, --empty leaves it empty.

            Runs in the foreground until Ctrl-C, which drains and stops everything; --detach returns once all is ready. WORKERS sets the \
            number of gateways; every other variable of the services' environment is handed on to them.
            """)

    @OptionGroup var folder: FolderOptions
    @Option(help: "Address on which the gateway listens. Default: HOST, or 127.0.0.1.") var host: String?
    @Option(help: "Port on which the gateway listens. Default: PORT, or 8000.") var port: Int?
    @Flag(help: "Leave an empty store empty.") var empty = false
    @Option(help: ArgumentHelp("Fill an empty store with users.* and interactions.* of this folder.", valueName: "folder"))
    var data: String?
    @Flag(help: "Return once everything is ready; it goes on in the background.") var detach = false
    @Option(name: .customLong("relay-descriptor"), help: .hidden) var relay: Int32?

    func validate() throws {
        if self.empty, self.data != nil { throw ValidationError("--empty and --data exclude each other.") }
    }

    func run() async throws {
        if self.detach {
            try await DetachedStart(folder: self.folder.folder).run()
            return
        }
        var environment = EnvironmentVariables.current
        if let host = self.host { environment[SettingName.host.rawValue] = host }
        if let port = self.port { environment[SettingName.port.rawValue] = String(port) }
        let relay = self.relay.map { Relay(descriptor: $0) }
        do {
            let fill: StoreFill = self.empty ? .nothing : self.data.map { .files($0) } ?? .demo
            let installation = try Installation(
                folder: self.folder.folder, settings: Settings(environment: environment), environment: environment, fill: fill,
                console: relay?.console ?? .standardOutput, logger: Logs.start(level: relay == nil ? .warning : .info))
            try await installation.run { relay?.ready() }
        } catch {
            guard let relay else { throw error }
            relay.fail("\(error)")
            throw ExitCode(1)
        }
    }
}

/// What an empty store is filled with.
enum StoreFill: Sendable {
    case nothing
    case demo
    /// `users.*` and `interactions.*` of a folder.
    case files(String)
}
