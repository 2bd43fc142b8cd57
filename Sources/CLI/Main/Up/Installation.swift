import Foundation
import Glibc
import Logging
import Overview
import ServiceRuntime
import Storage
import Supervision
import Synchronization

/// One run of `duet up`: starts everything in order, keeps it running, stops it in reverse.
final class Installation: Sendable {
    private enum Event: Sendable {
        case ready
        case failed(any Error)
        case stop
    }

    private let folder: DataFolder
    private let settings: Settings
    private let environment: [String: String]
    private let fill: StoreFill
    private let console: Console
    private let logger: Logger
    private let spawner = Spawner()
    private let supervisor: Supervisor
    private let state: StateKeeper
    private let events: AsyncStream<Event>
    private let event: AsyncStream<Event>.Continuation
    private let stopped = Latch()

    init(
        folder: DataFolder, settings: Settings, environment: [String: String], fill: StoreFill, console: Console, logger: Logger
    ) throws {
        self.folder = folder
        self.settings = settings
        self.environment = environment
        self.fill = fill
        self.console = console
        self.logger = logger
        let state = StateKeeper(path: folder.state, logger: logger)
        self.state = state
        self.supervisor = Supervisor(spawner: self.spawner, logger: logger) { state.set(processes: $0) }
        (self.events, self.event) = AsyncStream.makeStream(of: Event.self)
    }

    /// Returns when everything has been stopped again.
    ///
    /// - Parameter onReady: Called once everything serves.
    /// - Throws: What kept it from starting, after what had been started is stopped.
    func run(onReady: @escaping @Sendable () -> Void) async throws {
        try self.folder.create()
        let lock = try FolderLock(self.folder.lock)
        defer { withExtendedLifetime(lock) {} }
        try await self.stopLeftovers()
        let signals = SignalWatch([SIGTERM, SIGINT, SIGHUP]) { _ in self.event.yield(.stop) }
        defer { withExtendedLifetime(signals) {} }
        let control = try ControlServer(path: self.folder.control) { await self.answer($0) }
        // Cancelled below; not awaited, because a computation may take a while to notice, and the process ends anyway.
        let starting = Task {
            do {
                try await self.start()
                self.event.yield(.ready)
            } catch {
                self.event.yield(.failed(error))
            }
        }
        var failure: (any Error)?
        var status: Task<Void, Never>?
        events: for await event in self.events {
            switch event {
            case .ready:
                onReady()
                // Cancelled below.
                status = Task { await LiveStatus(supervisor: self.supervisor, folder: self.folder, console: self.console).run() }
            case .failed(let error):
                failure = error
                break events
            case .stop: break events
            }
        }
        status?.cancel()
        starting.cancel()
        self.console.clearLive()
        if failure == nil { self.console.line("Stopping …") }
        await self.supervisor.stopAll()
        self.state.clear()
        control.close()
        self.stopped.open()
        await control.finish()
        if let failure { throw failure }
        self.console.line("Stopped.")
    }

    private func start() async throws {
        let begin = ContinuousClock.now
        let socket = try ListenSocket(host: self.settings.host, port: self.settings.port)
        let (database, redis) = try await self.startStores()
        self.console.line("PostgreSQL and Redis are up (\(Format.duration(begin.duration(to: .now)))).")
        let sample = try await self.prepare(database, redis)
        _ = try TokenMint(folder: self.folder)
        let plan = try ServicePlan(
            folder: self.folder, settings: self.settings, environment: self.environment, database: database, redis: redis, socket: socket)
        let start = ContinuousClock.now
        let announce: @Sendable (ServiceSpec) -> Void = { [console] service in
            let replicas = service.replicas == 1 ? "1 replica" : "\(service.replicas) replicas"
            console.line("\(service.name) is ready: \(replicas) (\(Format.duration(start.duration(to: .now)))).")
        }
        let progress = Task { [folder, console] in
            await StartProgress(folder: folder, console: console).run(plan.services.map { $0.process(1).name })
        }
        defer { progress.cancel() }
        try await self.supervisor.start(together: plan.services, onReady: announce)
        progress.cancel()
        await progress.value
        // Nobody is let in before there is somebody to answer.
        try socket.listen()
        try await self.supervisor.start(together: [plan.gateway], onReady: announce)
        let host = Self.reachable(self.settings.host)
        let address = "http://\(host.contains(":") ? "[\(host)]" : host):\(socket.port)"
        self.state.set(places: ["address": address, "host": host, "port": "\(socket.port)"])
        let welcome = Welcome(folder: self.folder, console: self.console, host: host, port: socket.port, address: address)
        try await welcome.show(person: sample, after: begin.duration(to: .now))
    }

    private func startStores() async throws -> (database: String, redis: String?) {
        var database = self.settings.databaseURL
        var redis = self.settings.redisURL
        if database == nil {
            let postgres = try EmbeddedPostgres(folder: self.folder)
            if !postgres.isInitialized { self.console.line("Making a private PostgreSQL in \(postgres.placement.data).") }
            try await postgres.initialize()
            try await self.supervisor.start(postgres.service)
            database = postgres.url
        }
        if redis == nil {
            let embedded = try EmbeddedRedis(folder: self.folder)
            try await self.supervisor.start(embedded.service)
            redis = embedded.url
        }
        guard let database else { throw Failure("There is no database.") }
        self.state.set(places: ["database": database, "redis": redis ?? ""].filter { !$0.value.isEmpty })
        return (database, redis)
    }

    /// - Returns: A person to show a sample for.
    private func prepare(_ database: String, _ redis: String?) async throws -> Int64? {
        let stores = try Stores(database: database, redis: redis, logger: self.logger)
        do {
            let applied = try await stores.storage.migrate()
            if !applied.isEmpty { self.console.line("Brought the schema up to date: \(applied.count) steps.") }
            try await FirstFill(folder: self.folder, stores: stores, fill: self.fill, console: self.console, logger: self.logger).run()
            let person = try await stores.firstPerson()
            await stores.close()
            return person
        } catch {
            await stores.close()
            throw error
        }
    }

    private func stopLeftovers() async throws {
        guard let state = StateFile.read(self.folder.state) else { return }
        let names = await Leftovers.stop(state.processes)
        if !names.isEmpty { self.console.line("Stopped what a killed duet had left running: \(names.joined(separator: ", ")).") }
        self.state.clear()
    }

    private func answer(_ request: ControlRequest) async -> ControlReply {
        switch request.command {
        case .status:
            return ControlReply(services: await self.supervisor.status, places: self.state.places)
        case .scale:
            guard let service = request.service, let replicas = request.replicas else {
                return ControlReply(failure: "Which service, and how many?")
            }
            do {
                try await self.supervisor.scale(service, to: replicas)
                return ControlReply()
            } catch {
                return ControlReply(failure: error.message)
            }
        case .drain:
            guard let process = request.process else { return ControlReply(failure: "Which process?") }
            do {
                try await self.supervisor.drain(process)
                return ControlReply()
            } catch {
                return ControlReply(failure: error.message)
            }
        case .down:
            self.event.yield(.stop)
            await self.stopped.wait()
            return ControlReply()
        }
    }

    /// Where a client on this machine connects when the gateway listens on every address.
    private static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }
}

/// Keeps the state file as things change.
final class StateKeeper: Sendable {
    private let path: String
    private let logger: Logger
    private let state = Mutex(StateFile())

    init(path: String, logger: Logger) { (self.path, self.logger) = (path, logger) }

    var places: [String: String] { self.state.withLock { $0.places } }

    func set(processes: [StateFile.Entry]) { self.change { $0.processes = processes } }
    func set(places: [String: String]) { self.change { $0.places.merge(places) { $1 } } }
    func clear() { self.change { $0 = StateFile() } }

    private func change(_ body: (inout StateFile) -> Void) {
        // Written under the lock: of two changes the later one is the file.
        self.state.withLock { state in
            body(&state)
            do throws(SupervisionError) {
                try state.write(self.path)
            } catch {
                self.logger.error("The state file can't be written", metadata: ["error": .string(error.message)])
            }
        }
    }
}
