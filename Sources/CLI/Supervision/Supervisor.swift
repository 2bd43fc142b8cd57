public import Logging

/// Keeps services running: starts them in order, restarts what ends, changes the number of replicas, stops all in reverse order.
public actor Supervisor {
    private struct Service {
        let spec: ServiceSpec
        var wanted: Int
        var replicas: [Int: ManagedProcess]
    }

    private let spawner: Spawner
    private let policy: RestartStateMachine.Policy
    private let logger: Logger
    private let onChange: @Sendable ([StateFile.Entry]) -> Void
    private var services: [Service] = []
    private var isStopping = false

    /// - Parameter onChange: Called with the processes that run, whenever one of them started or ended.
    public init(
        spawner: Spawner, policy: RestartStateMachine.Policy = .init(), logger: Logger,
        onChange: @escaping @Sendable ([StateFile.Entry]) -> Void = { _ in }
    ) {
        (self.spawner, self.policy, self.logger, self.onChange) = (spawner, policy, logger, onChange)
    }

    /// Starts a service with all of its replicas at once, and waits until every one of them is ready.
    ///
    /// - Throws: ``SupervisionError`` of the first replica that could not be started. The others keep running; ``stopAll()`` ends them.
    public func start(_ spec: ServiceSpec) async throws(SupervisionError) {
        try await self.start(together: [spec])
    }

    /// Starts services that don't wait for one another, and waits until all of them are ready. They stop in reverse order all the same.
    ///
    /// - Parameter onReady: Called with each service as it becomes ready.
    /// - Throws: ``SupervisionError`` of the first that could not be started. The others keep running; ``stopAll()`` ends them.
    public func start(
        together specs: [ServiceSpec], onReady: @escaping @Sendable (ServiceSpec) -> Void = { _ in }
    ) async throws(SupervisionError) {
        try self.checkRunning()
        self.services += specs.map { Service(spec: $0, wanted: $0.replicas, replicas: [:]) }
        let starts = specs.map { spec in
            Task { () -> SupervisionError? in
                do throws(SupervisionError) {
                    try await self.startReplicas(of: spec, Array(1...max(1, spec.replicas)))
                    onReady(spec)
                    return nil
                } catch {
                    return error
                }
            }
        }
        var failures: [SupervisionError] = []
        for start in starts {
            if let failure = await start.value { failures.append(failure) }
        }
        if let failure = failures.first { throw failure }
    }

    /// Changes how many replicas of a service run. The lowest free numbers start, the highest stop; nothing else is touched.
    ///
    /// - Throws: ``SupervisionError`` for an unknown service, one that can't be scaled, or a replica that doesn't start.
    public func scale(_ name: String, to replicas: Int) async throws(SupervisionError) {
        try self.checkRunning()
        guard let index = self.services.firstIndex(where: { $0.spec.name == name }) else {
            let names = self.services.filter(\.spec.isScalable).map(\.spec.name).joined(separator: ", ")
            throw SupervisionError(.refused, "There is no service \(name); these can be scaled: \(names).")
        }
        guard self.services[index].spec.isScalable else { throw SupervisionError(.refused, "\(name) can't be scaled.") }
        guard (1...64).contains(replicas) else { throw SupervisionError(.refused, "\(name) can have 1 to 64 replicas, not \(replicas).") }
        self.services[index].wanted = replicas
        let spec = self.services[index].spec
        let running = self.services[index].replicas.keys.sorted()
        if running.count > replicas {
            let surplus = running.suffix(running.count - replicas)
            let processes = surplus.compactMap { self.services[index].replicas.removeValue(forKey: $0) }
            await Self.stop(processes)
            self.report()
        } else if running.count < replicas {
            let free = (1...64).filter { !running.contains($0) }.prefix(replicas - running.count)
            try await self.startReplicas(of: spec, Array(free))
        }
    }

    /// Stops one process, which finishes its calls first, and doesn't replace it: its service has one replica less.
    ///
    /// - Throws: ``SupervisionError`` for an unknown process, one of a service that can't be scaled, or the last of its service.
    public func drain(_ process: String) async throws(SupervisionError) {
        try self.checkRunning()
        guard
            let index = self.services.firstIndex(where: { $0.replicas.values.contains { $0.spec.name == process } }),
            let number = self.services[index].replicas.first(where: { $0.value.spec.name == process })?.key
        else { throw SupervisionError(.refused, "There is no process \(process).") }
        let name = self.services[index].spec.name
        guard self.services[index].spec.isScalable else { throw SupervisionError(.refused, "\(name) can't be scaled.") }
        guard self.services[index].replicas.count > 1 else {
            throw SupervisionError(.refused, "\(process) is the last of \(name): start another one first.")
        }
        self.services[index].wanted = max(1, self.services[index].wanted - 1)
        if let replica = self.services[index].replicas.removeValue(forKey: number) { await Self.stop([replica]) }
        self.report()
    }

    /// Stops one service and forgets it.
    public func stop(_ name: String) async {
        guard let index = self.services.firstIndex(where: { $0.spec.name == name }) else { return }
        let service = self.services.remove(at: index)
        await Self.stop(Array(service.replicas.values))
        self.report()
    }

    /// Stops all services, the last started first. From the first call on nothing is started any more.
    public func stopAll() async {
        self.isStopping = true
        while let service = self.services.last {
            self.logger.info("Stopping a service", metadata: ["service": .string(service.spec.name)])
            await self.stop(service.spec.name)
        }
    }

    /// All services in the order in which they were started.
    public var status: [ServiceStatus] {
        get async {
            var result: [ServiceStatus] = []
            for service in self.services {
                var processes: [ProcessStatus] = []
                for (_, process) in service.replicas.sorted(by: { $0.key < $1.key }) { processes.append(await process.status) }
                result.append(
                    ServiceStatus(
                        name: service.spec.name, isScalable: service.spec.isScalable, wanted: service.wanted, processes: processes))
            }
            return result
        }
    }

    /// Cuts the logs that have grown too long.
    public func rotateLogs() {
        for service in self.services {
            for process in service.replicas.values where LogFile.rotate(process.spec.logFile) {
                self.logger.debug("A log was cut", metadata: ["process": .string(process.spec.name)])
            }
        }
    }

    private func checkRunning() throws(SupervisionError) {
        if self.isStopping { throw SupervisionError(.refused, "Everything is being stopped.") }
    }

    private func startReplicas(of spec: ServiceSpec, _ numbers: [Int]) async throws(SupervisionError) {
        var processes: [ManagedProcess] = []
        for number in numbers {
            let process = ManagedProcess(
                spec: spec.process(number), spawner: self.spawner, policy: self.policy, logger: self.logger,
                onChange: { [weak self] in await self?.changed() })
            guard let index = self.services.firstIndex(where: { $0.spec.name == spec.name }) else { return }
            self.services[index].replicas[number] = process
            processes.append(process)
        }
        let failures: [SupervisionError] = await withTaskGroup(of: SupervisionError?.self) { group in
            for process in processes {
                group.addTask {
                    do throws(SupervisionError) {
                        try await process.start()
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { if let error = $1 { $0.append(error) } }
        }
        if let failure = failures.first { throw failure }
    }

    private static func stop(_ processes: [ManagedProcess]) async {
        await withDiscardingTaskGroup { group in
            for process in processes { group.addTask { await process.stop() } }
        }
    }

    private func changed() async {
        var entries: [StateFile.Entry] = []
        for service in self.services {
            for process in service.replicas.values {
                if let identity = await process.identity {
                    entries.append(
                        StateFile.Entry(name: process.spec.name, identity: identity, stopSignal: process.spec.stopSignal))
                }
            }
        }
        self.onChange(entries.sorted { $0.name < $1.name })
    }

    private func report() {
        // Ends by itself; what it reports is replaced by the next report.
        Task { await self.changed() }
    }
}
