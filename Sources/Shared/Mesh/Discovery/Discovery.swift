internal import CLinux
internal import Glibc
public import Logging
internal import Synchronization

/// Which replicas there are: watched in a directory, looked up by name, or a fixed list.
public final class Discovery: Sendable {
    typealias Observer = @Sendable ([Endpoint]) -> Void

    private struct State {
        var endpoints: [Endpoint]
        var observers: [Int: (service: String, notify: Observer)] = [:]
        var nextObserver = 0
        var isShutDown = false
    }

    private let state: Mutex<State>
    private let watcher: DirectoryWatcher?
    private let resolver: NameResolver?
    private let logger: Logger?

    /// Watches a directory, which is made if it is missing.
    ///
    /// - Throws: ``MeshError`` with `failedPrecondition` when the directory can't be made, used or watched.
    public init(directory: String, logger: Logger) throws(MeshError) {
        let directory = try MeshDirectory(path: directory)
        let watcher = try DirectoryWatcher(directory: directory)
        self.watcher = watcher
        self.resolver = nil
        self.logger = logger
        self.state = Mutex(State(endpoints: directory.endpoints()))
        watcher.start { [weak self] in
            guard let self else { return false }
            self.update(directory.endpoints())
            return true
        }
    }

    /// A fixed list: `inproc` addresses in tests, or replicas that something else manages.
    public init(static endpoints: [Endpoint]) {
        self.watcher = nil
        self.resolver = nil
        self.logger = nil
        self.state = Mutex(State(endpoints: endpoints))
    }

    /// Looks names up in the DNS, again and again: each address that a name has is a replica.
    ///
    /// - Parameters:
    ///   - services: Addresses (`tls+tcp://ranking.example:7400`) by service; those with numbers for a host stay as they are.
    ///   - interval: Between two look-ups. A name that can't be looked up for a while keeps the addresses that it had.
    public init(services: [String: [String]], interval: Duration = .seconds(5), logger: Logger) {
        let resolver = NameResolver(services: services, interval: interval)
        self.watcher = nil
        self.resolver = resolver
        self.logger = logger
        self.state = Mutex(State(endpoints: []))
        resolver.start { [weak self] endpoints in
            guard let self else { return false }
            self.update(endpoints)
            return true
        }
    }

    deinit {
        self.watcher?.stop()
        self.resolver?.stop()
    }

    /// The replicas of a service, by name.
    public func endpoints(of service: String) -> [Endpoint] {
        self.state.withLock { state in state.endpoints.filter { $0.service == service } }
    }

    /// Every replica that is announced.
    public var endpoints: [Endpoint] { self.state.withLock { $0.endpoints } }

    /// Stops watching. The last known replicas stay.
    public func shutdown() {
        self.state.withLock { state in
            state.isShutDown = true
            state.observers.removeAll()
        }
        self.watcher?.stop()
        self.resolver?.stop()
    }

    /// Looks at the directory soon, as a process that was killed withdraws nothing.
    func refresh() {
        self.watcher?.wake()
        self.resolver?.wake()
    }

    /// Calls `notify` with the replicas now and after each change, until ``removeObserver(_:)``.
    func observe(_ service: String, notify: @escaping Observer) -> Int {
        let (id, endpoints) = self.state.withLock { state in
            state.nextObserver += 1
            state.observers[state.nextObserver] = (service, notify)
            return (state.nextObserver, state.endpoints.filter { $0.service == service })
        }
        notify(endpoints)
        return id
    }

    func removeObserver(_ id: Int) {
        self.state.withLock { $0.observers[id] = nil }
    }

    private func update(_ endpoints: [Endpoint]) {
        let changed = self.state.withLock { state -> [(Observer, [Endpoint])] in
            guard !state.isShutDown, state.endpoints != endpoints else { return [] }
            let before = state.endpoints
            state.endpoints = endpoints
            return state.observers.values.compactMap { service, notify in
                let after = endpoints.filter { $0.service == service }
                return after == before.filter { $0.service == service } ? nil : (notify, after)
            }
        }
        if !changed.isEmpty { self.logger?.debug("replicas changed", metadata: ["replicas": "\(endpoints.map(\.name))"]) }
        for (notify, endpoints) in changed { notify(endpoints) }
    }
}
