internal import Glibc
public import Logging
internal import Synchronization

/// Answers the calls of one service and announces itself in a directory.
///
/// The first server of the process starts threads, those of nng among them, which a forked child would not have.
public final class MeshServer: Sendable {
    private enum Place {
        case directory(String)
        case address(String)
    }

    private struct State: ~Copyable {
        var socket: Socket?
        var directory: MeshDirectory?
        /// Name of the entry in the directory.
        var name = ""
        var address = ""
        var watchdog: Watchdog?
        var connections = 0
        var drain = DrainStateMachine.serving
        /// When the drain is looked at again.
        var nextLook: Deadline?
        var isClosed = false
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    /// The service's name in the directory.
    public let service: String
    public let version: String
    private let place: Place
    private let methods: [MeshMethod]
    private let configuration: MeshServerConfiguration
    private let logger: Logger
    private let load: ServerLoad
    private let state = Mutex(State())

    /// - Parameters:
    ///   - directory: Where clients look for replicas; made if it is missing.
    ///   - health: What `HealthService.Check` answers, beside the drain.
    public init(
        service: String,
        version: String,
        directory: String,
        methods: [MeshMethod],
        configuration: MeshServerConfiguration = .init(),
        health: @escaping @Sendable () -> HealthReport = { HealthReport() },
        logger: Logger
    ) {
        self.service = service
        self.version = version
        self.place = .directory(directory)
        self.configuration = configuration
        self.logger = logger
        let load = ServerLoad(configuration, threads: ThreadPoolExecutor.count(configuration.heavyThreads))
        self.load = load
        self.methods = BuiltInMethods(service: service, version: version, load: load, configuration: configuration, health: health)
            .added(to: methods)
    }

    /// A server at a fixed address (`inproc://name`, `ipc:///path`, `tls+tcp://host:port`), which no directory announces.
    ///
    /// `tcp://host:port` is there too, for networks that nobody else can reach: it neither encrypts nor asks who calls.
    public init(
        service: String,
        version: String,
        address: String,
        methods: [MeshMethod],
        configuration: MeshServerConfiguration = .init(),
        health: @escaping @Sendable () -> HealthReport = { HealthReport() },
        logger: Logger
    ) {
        self.service = service
        self.version = version
        self.place = .address(address)
        self.configuration = configuration
        self.logger = logger
        let load = ServerLoad(configuration, threads: ThreadPoolExecutor.count(configuration.heavyThreads))
        self.load = load
        self.methods = BuiltInMethods(service: service, version: version, load: load, configuration: configuration, health: health)
            .added(to: methods)
    }

    /// Calls that are being answered.
    public var inFlight: Int { self.load.inFlight }

    /// What it has to do.
    public var statistics: ServerState { self.load.description }

    public var isDraining: Bool { self.load.isDraining }

    /// Where it listens; empty before the start.
    public var address: String { self.state.withLock { $0.address } }

    /// Listens and announces itself. Called once.
    ///
    /// - Throws: ``MeshError`` when two methods have one identifier, the directory can't be used, or the address can't be had.
    public func start() async throws(MeshError) {
        var table: [UInt32: MeshMethod] = [:]
        for method in self.methods {
            if let other = table.updateValue(method, forKey: method.descriptor.id) {
                throw MeshError(.invalidArgument, "\(method.descriptor.fullName) and \(other.descriptor.fullName) have one identifier")
            }
        }
        let core = ServerCore(methods: table, load: self.load, configuration: self.configuration, logger: self.logger) { [weak self] in
            self?.callEndedWhileDraining()
        }
        let failure: MeshError? = await SerialThread.control.perform {
            do throws(MeshError) {
                try self.open(core)
                return nil
            } catch {
                return error
            }
        }
        if let failure {
            core.heavyExecutor.stop()
            throw failure
        }
    }

    /// Goes without losing a call: withdraws the announcement, tells callers by a flag on each reply, answers until no call is in
    /// flight and clients have left or fallen silent, and closes. Returns when closed; bounded by the configuration.
    public func drain() async {
        let (isFirst, directory, name, watchdog) = self.state.withLock { state in
            guard state.socket != nil else { return (false, nil as MeshDirectory?, "", nil as Watchdog?) }
            let isFirst = state.drain.start(
                at: .now, quiet: self.configuration.drainQuiet, timeout: self.configuration.drainTimeout)
            return (isFirst, state.directory, state.name, state.watchdog)
        }
        if isFirst {
            self.load.startDraining()
            directory?.withdraw(name)
            await SerialThread.control.perform { watchdog?.stop() }
        }
        await withCheckedContinuation { continuation in
            let isOver = self.state.withLock { state in
                guard !state.isClosed, state.socket != nil else { return true }
                state.drained.append(continuation)
                return false
            }
            if isOver { continuation.resume() } else { self.lookAtDrain() }
        }
    }

    // MARK: Listening, on the control thread

    private func open(_ core: ServerCore) throws(MeshError) {
        let logger = self.logger
        let (wanted, directory) = try self.findAddress()
        let address: String
        let socket = try Socket(
            .reply, maximumMessage: self.configuration.maximumMessageSize, security: self.configuration.security,
            onRejection: { user in logger.error("caller of another user refused", metadata: ["peer.uid": "\(user)"]) },
            onPipe: { [weak self] event in self?.pipeChanged(event) })
        do throws(MeshError) {
            address = try socket.listen(wanted)
            let waitingRoom = WaitingRoom()
            for _ in 0..<self.configuration.maximumConcurrency {
                try ServeSlot(socket: socket, core: core, waitingRoom: waitingRoom).start()
            }
            if let directory { try self.announce(address, in: directory) }
        } catch {
            socket.close()
            throw error
        }
        self.state.withLock { state in
            state.socket = socket
            state.directory = directory
            state.address = address
        }
        self.coreReference.withLock { $0 = core }
        if directory != nil { self.startWatchdog() }
        self.logger.debug("mesh server listens", metadata: ["address": "\(address)"])
    }

    /// Held so that it can be stopped.
    private let coreReference = Mutex<ServerCore?>(nil)

    private func findAddress() throws(MeshError) -> (String, MeshDirectory?) {
        switch self.place {
        case .address(let address): return (address, nil)
        case .directory(let path):
            let directory = try MeshDirectory(path: path)
            let name = MeshDirectory.uniqueName(self.service)
            self.state.withLock { if $0.name.isEmpty { $0.name = name } }
            return ("ipc://" + (try directory.socketPath(name + MeshDirectory.socketSuffix)), directory)
        }
    }

    private func announce(_ address: String, in directory: MeshDirectory) throws(MeshError) {
        let socket = address.split(separator: "/").last.map(String.init) ?? address
        let entry = DirectoryEntry(
            service: self.service, version: self.version, weight: self.configuration.weight,
            shadowShare: self.configuration.shadowShare, pid: getpid(), socket: socket, started: Int64(time(nil)))
        try directory.publish(entry, as: self.state.withLock { $0.name })
    }

    private func startWatchdog() {
        do {
            let watchdog = try Watchdog(
                interval: self.configuration.watchdogInterval, patience: self.configuration.watchdogPatience,
                maximumMessage: self.configuration.maximumMessageSize,
                address: { [weak self] in self?.address ?? "" },
                onFailure: { [weak self] in self?.moveListener() })
            self.state.withLock { $0.watchdog = watchdog }
        } catch {
            self.logger.warning("no watchdog", metadata: ["error": "\(error)"])
        }
    }

    /// Listens at a new address and announces it; connections that there are live on.
    package func relocate() async {
        await SerialThread.control.perform { self.moveListener() }
    }

    private func moveListener() {
        let (socket, directory) = self.state.withLock { ($0.drain.isDraining ? nil : $0.socket, $0.directory) }
        guard let socket, let directory else { return }
        do {
            let (address, _) = try self.findAddress()
            try socket.listen(address)
            self.state.withLock { $0.address = address }
            // The withdrawal of a drain that began meanwhile must stand.
            if self.load.isDraining { return }
            try self.announce(address, in: directory)
            if self.load.isDraining { directory.withdraw(self.state.withLock { $0.name }) }
            self.logger.warning("mesh server moved, as it could not be reached", metadata: ["address": "\(address)"])
        } catch {
            self.logger.error("mesh server can't move", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Draining

    private func pipeChanged(_ event: Socket.PipeEvent) {
        let (isDraining, watchdog) = self.state.withLock { state in
            state.connections += event == .added ? 1 : -1
            return (state.drain.isDraining, state.watchdog)
        }
        if event == .added { watchdog?.serverAccepted() }
        if isDraining { SerialThread.control.run { [weak self] in self?.lookAtDrain() } }
    }

    private func callEndedWhileDraining() {
        self.state.withLock { $0.drain.callEnded(at: .now) }
        SerialThread.control.run { [weak self] in self?.lookAtDrain() }
    }

    private func lookAtDrain() {
        let inFlight = self.load.inFlight
        let action = self.state.withLock { state -> DrainStateMachine.Action in
            let action = state.drain.evaluate(at: .now, inFlight: inFlight, connections: state.connections)
            guard case .wait(let next) = action else { return action }
            if let planned = state.nextLook, planned <= next, !planned.isExpired { return .none }
            state.nextLook = next
            return action
        }
        switch action {
        case .none: break
        case .wait(let next): SerialThread.control.run(at: next) { [weak self] in self?.lookAtDrain() }
        case .close: SerialThread.control.run { self.close() }
        }
    }

    private func close() {
        let socket = self.state.withLock { state in
            defer { state.socket = nil }
            return state.socket
        }
        socket?.close()
        self.coreReference.withLock { $0 }?.heavyExecutor.stop()
        let drained = self.state.withLock { state in
            state.isClosed = true
            defer { state.drained = [] }
            return state.drained
        }
        for continuation in drained { continuation.resume() }
        self.logger.debug("mesh server closed", metadata: ["in.flight": "\(self.load.inFlight)"])
    }
}
