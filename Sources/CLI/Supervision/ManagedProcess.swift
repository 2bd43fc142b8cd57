import Logging

/// One process under supervision: started, watched until it is ready, started again when it ends, stopped on request.
actor ManagedProcess {
    nonisolated let spec: ProcessSpec
    private let spawner: Spawner
    private let logger: Logger
    private let onChange: @Sendable () async -> Void
    private var machine: RestartStateMachine
    private var process: SpawnedProcess?
    private var startedAt: ContinuousClock.Instant?
    private var lastExit: String?
    private var loop: Task<Void, Never>?
    private var outcome: Result<Void, SupervisionError>?
    private var waiters: [CheckedContinuation<Result<Void, SupervisionError>, Never>] = []

    init(
        spec: ProcessSpec, spawner: Spawner, policy: RestartStateMachine.Policy, logger: Logger,
        onChange: @escaping @Sendable () async -> Void
    ) {
        self.spec = spec
        self.spawner = spawner
        self.logger = logger
        self.onChange = onChange
        self.machine = RestartStateMachine(policy: policy)
    }

    /// Starts, and waits until the process is ready for the first time.
    ///
    /// - Throws: ``SupervisionError`` with the last line of the process's log, if it ends or hangs before that.
    func start() async throws(SupervisionError) {
        // Cancelled and awaited by `stop()`.
        self.loop = Task { await self.run() }
        let result: Result<Void, SupervisionError> = await withCheckedContinuation { continuation in
            if let outcome = self.outcome { continuation.resume(returning: outcome) } else { self.waiters.append(continuation) }
        }
        try result.get()
    }

    /// Stops for good: signal, time to end, kill. Returns when the process is gone.
    func stop() async {
        self.machine.stopRequested()
        self.loop?.cancel()
        if let process = self.process { await self.end(process) }
        await self.loop?.value
        self.settle(.failure(SupervisionError(.startFailed, "\(self.spec.name) was stopped before it was ready.")))
        await self.onChange()
    }

    /// Signal, time to end, kill.
    private func end(_ process: SpawnedProcess) async {
        process.send(self.spec.stopSignal)
        if await process.exitStatus(within: self.spec.stopTimeout) == nil {
            self.logger.warning(
                "A process did not end in time and is killed",
                metadata: ["process": .string(self.spec.name), "timeout": "\(self.spec.stopTimeout)"])
            process.killGroup()
        }
    }

    var status: ProcessStatus {
        ProcessStatus(
            name: self.spec.name, pid: self.process?.pid, phase: self.machine.phase, restarts: self.machine.restarts,
            uptimeSeconds: self.process == nil ? nil : self.startedAt.map { Int($0.duration(to: .now).components.seconds) },
            lastExit: self.lastExit, logFile: self.spec.logFile)
    }

    var identity: ProcessIdentity? { self.process?.identity }

    private var isStopping: Bool { self.machine.phase == .stopping || self.machine.phase == .stopped }

    private func run() async {
        while !self.isStopping {
            do throws(SupervisionError) {
                let process = try await self.spawner.spawn(self.spec)
                await self.watch(process)
            } catch {
                self.lastExit = error.message
            }
            let decision = self.machine.ended(at: .now)
            if self.outcome == nil, self.machine.failuresInARow >= self.spec.startAttempts {
                self.machine.stopRequested()
                self.settle(.failure(self.startFailure))
            }
            await self.onChange()
            guard case .restart(let delay) = decision, !self.isStopping else { return }
            self.logger.warning(
                "A process ended and is started again",
                metadata: ["process": .string(self.spec.name), "end": .string(self.lastExit ?? ""), "delay": "\(delay)"])
            try? await Task.sleep(for: delay)  // Cut short by `stop()`.
        }
    }

    /// Lives with one run of the process, from its start to its end.
    private func watch(_ process: SpawnedProcess) async {
        self.process = process
        self.startedAt = .now
        self.machine.started()
        // Told to stop while the program was being started: `stop()` had no process to end.
        if self.isStopping { await self.end(process) }
        await self.onChange()
        await withTaskGroup { group in
            group.addTask { await self.waitUntilReady(process) }
            let exit = await process.exitStatus()
            self.lastExit = String(describing: exit)
            group.cancelAll()
        }
        self.process = nil
    }

    private func waitUntilReady(_ process: SpawnedProcess) async {
        let deadline = ContinuousClock.now.advanced(by: self.spec.startTimeout)
        while !Task.isCancelled {
            if await self.spec.readiness.isReady() {
                if Task.isCancelled { return }
                self.machine.becameReady(at: .now)
                self.settle(.success(()))
                await self.onChange()
                return
            }
            if ContinuousClock.now >= deadline {
                self.logger.error(
                    "A process was not ready in time and is killed",
                    metadata: ["process": .string(self.spec.name), "timeout": "\(self.spec.startTimeout)"])
                process.killGroup()
                return
            }
            try? await Task.sleep(for: self.spec.readiness.interval)
        }
    }

    private var startFailure: SupervisionError {
        let said = LogFile.lastLine(self.spec.logFile).map { "; it said: \($0)" } ?? ""
        return SupervisionError(.startFailed, "\(self.spec.name) \(self.lastExit ?? "could not be started")\(said) (\(self.spec.logFile))")
    }

    private func settle(_ result: Result<Void, SupervisionError>) {
        guard self.outcome == nil else { return }
        self.outcome = result
        for waiter in self.waiters { waiter.resume(returning: result) }
        self.waiters = []
    }
}
