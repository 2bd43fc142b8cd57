internal import Logging
internal import Reactor
internal import Synchronization

/// The pool's actor: its executor is the event loop's thread, so all of libpq runs there and never blocks a task.
actor PoolCore {
    typealias ConnectionID = PoolStateMachine.ConnectionID

    private let loop: EventLoop
    private let configuration: PostgresConfiguration
    private let logger: Logger
    let statistics = PoolStatistics()

    private var machine: PoolStateMachine
    private var drivers: [ConnectionID: ConnectionDriver] = [:]
    private var waiters: [UInt64: Waiter] = [:]
    private var lastWaiter: UInt64 = 0
    private var lastFailure: PostgresError?
    private var sweep: (timer: EventLoop.TimerID, at: MonotonicTime)?
    private var random = SystemRandomNumberGenerator()

    private struct Waiter {
        let promise: Promise<ConnectionID, PostgresError>
        let deadline: MonotonicTime
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

    init(configuration: PostgresConfiguration, loop: EventLoop, logger: Logger) {
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
        self.machine = PoolStateMachine(size: configuration.poolSize, overflow: configuration.maxOverflow)
    }

    // MARK: Queries

    func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        let id = try await self.acquire()
        do throws(PostgresError) {
            let rows = try await self.driver(id).query(query)
            self.release(id)
            return rows
        } catch {
            self.release(id)
            throw error
        }
    }

    func query(_ query: PostgresQuery, on id: ConnectionID) async throws(PostgresError) -> PostgresRows {
        try await self.driver(id).query(query)
    }

    /// - Parameter isCancellable: False for what must be done though the task is cancelled, such as a ROLLBACK.
    @discardableResult
    func script(_ sql: String, on id: ConnectionID, isCancellable: Bool = true) async throws(PostgresError) -> String {
        let result = try await self.driver(id).script(sql, isCancellable: isCancellable)
        return result.commandTag
    }

    func setStatementTimeout(_ timeout: Duration, on id: ConnectionID) async throws(PostgresError) {
        let driver = try self.driver(id)
        _ = try await driver.script("SET statement_timeout = \(timeout.wholeMilliseconds)")
        driver.statementTimeout = timeout
    }

    // MARK: COPY

    func beginCopyIn(_ sql: String, on id: ConnectionID) async throws(PostgresError) {
        try await self.driver(id).beginCopyIn(sql)
    }

    func putCopyData(_ bytes: [UInt8], on id: ConnectionID) async throws(PostgresError) {
        try await self.driver(id).putCopyData(bytes)
    }

    /// - Parameter failure: Why the copy is given up; `nil` ends it well.
    func endCopyIn(failure: String?, on id: ConnectionID) async throws(PostgresError) -> Int {
        try await self.driver(id).endCopyIn(failure: failure)
    }

    func beginCopyOut(_ sql: String, on id: ConnectionID) async throws(PostgresError) {
        try await self.driver(id).beginCopyOut(sql)
    }

    func nextCopyChunk(on id: ConnectionID) async throws(PostgresError) -> ConnectionDriver.CopyChunk {
        try await self.driver(id).nextCopyChunk()
    }

    /// Gives the connection up; whoever holds it gets errors from now on.
    func discard(_ id: ConnectionID) { self.drivers[id]?.close() }

    private func driver(_ id: ConnectionID) throws(PostgresError) -> ConnectionDriver {
        guard let driver = self.drivers[id] else { throw PostgresError(.shutDown, "the scope that lent this connection has ended") }
        return driver
    }

    // MARK: Leases

    func acquire() async throws(PostgresError) -> ConnectionID {
        if Task.isCancelled { throw .cancelled }
        if let budget = self.configuration.budget(), budget <= .zero { throw .outOfTime }
        self.lastWaiter += 1
        let waiter = self.lastWaiter
        switch self.machine.acquire(waiter) {
        case .lease(let id):
            self.publishStatistics()
            return id
        case .wait: return try await self.wait(as: waiter, opening: nil)
        case .waitAndOpen(let id): return try await self.wait(as: waiter, opening: id)
        case .failUnavailable: throw self.lastFailure ?? PostgresError(.serverUnavailable, "the server can't be reached")
        case .failShutDown: throw PostgresError(.shutDown, "the pool was shut down")
        }
    }

    /// - Parameter connection: To be opened meanwhile; that may fail right here.
    private func wait(as waiter: UInt64, opening connection: ConnectionID?) async throws(PostgresError) -> ConnectionID {
        let timeout = self.configuration.acquireTimeout
        let deadline = MonotonicTime.now.advanced(by: min(timeout, self.configuration.budget() ?? timeout))
        self.checkDeadlines(by: deadline)
        let promise = Promise<ConnectionID, PostgresError>()
        self.waiters[waiter] = Waiter(promise: promise, deadline: deadline)
        if let connection { self.open(connection) }
        self.publishStatistics()
        return try await promise.value(orCancelledWith: .cancelled) { [loop] in
            loop.execute { self.assumeIsolated { $0.fail(waiter, .cancelled) } }
        }
    }

    private func fail(_ waiter: UInt64, _ error: PostgresError) {
        self.machine.abandon(waiter)
        self.waiters.removeValue(forKey: waiter)?.promise.complete(.failure(error))
        self.publishStatistics()
    }

    /// Takes a lease back. Answers that nobody waits for any more are read first, an open transaction is rolled back.
    func release(_ id: ConnectionID) {
        guard let driver = self.drivers[id] else { return }
        if driver.isReusable(self.configuration) { return self.handOn(id) }
        // Ends by itself: the driver gives up when the server hangs or the pool shuts down.
        Task { await self.recover(id, driver) }
    }

    /// Like ``release(_:)``, but returns only when the connection is clean again, so that its locks are gone.
    func releaseClean(_ id: ConnectionID) async {
        guard let driver = self.drivers[id] else { return }
        if driver.isReusable(self.configuration) { return self.handOn(id) }
        await self.recover(id, driver)
    }

    private func recover(_ id: ConnectionID, _ driver: ConnectionDriver) async {
        do throws(PostgresError) {
            try await driver.recover(self.configuration)
            self.handOn(id)
        } catch {
            self.logger.debug("connection discarded", metadata: ["db.error": "\(error)"])
            driver.close(reason: error)
            self.lose(id)
        }
    }

    private func handOn(_ id: ConnectionID) { self.perform(self.machine.released(id), id) }

    private func perform(_ action: PoolStateMachine.ReadyAction, _ id: ConnectionID) {
        switch action {
        case .lease(let id, let waiter):
            // Cancelled an instant ago: the connection goes to the next.
            guard self.waiters.removeValue(forKey: waiter)?.promise.complete(.success(id)) == true else { return self.handOn(id) }
        case .keep: break
        case .close: self.drivers.removeValue(forKey: id)?.close()
        }
        self.publishStatistics()
    }

    private func lose(_ id: ConnectionID) {
        self.drivers.removeValue(forKey: id)?.close()
        if let replacement = self.machine.lost(id) { self.open(replacement) }
        self.publishStatistics()
    }

    // MARK: Connecting

    private func open(_ id: ConnectionID) {
        let hooks = ConnectionDriver.Hooks(
            ready: { [weak self] readiness in self?.assumeIsolated { $0.ready(id, readiness) } },
            deadline: { [weak self] moment in self?.assumeIsolated { $0.checkDeadlines(by: moment) } })
        do throws(PostgresError) {
            let driver = try ConnectionDriver(configuration: self.configuration, loop: self.loop, hooks: hooks, logger: self.logger)
            self.drivers[id] = driver
            // Bounded by `connectTimeout`; ends at once when the pool shuts down, which closes the driver.
            Task { await self.connect(id, driver) }
        } catch {
            self.connectFailed(id, error)
        }
    }

    private func connect(_ id: ConnectionID, _ driver: ConnectionDriver) async {
        do throws(PostgresError) {
            try await driver.connect(timeout: self.configuration.connectTimeout)
            self.logger.debug("connected", metadata: ["db.connection": "\(id)"])
            self.perform(self.machine.connected(id), id)
        } catch {
            self.connectFailed(id, error)
        }
    }

    private func connectFailed(_ id: ConnectionID, _ error: PostgresError) {
        self.drivers[id] = nil
        self.lastFailure = error
        let action = self.machine.connectFailed(id)
        for waiter in action.fail { self.waiters.removeValue(forKey: waiter)?.promise.complete(.failure(error)) }
        if let attempt = action.retryAttempt {
            let delay = Backoff.delay(attempt: attempt, using: &self.random)
            self.logger.debug("no connection", metadata: ["db.error": "\(error)", "retry.delay": "\(delay)"])
            _ = self.loop.schedule(after: delay) { [weak self] in self?.assumeIsolated { $0.retry() } }
        }
        self.publishStatistics()
    }

    private func retry() {
        if let id = self.machine.retryDue() { self.open(id) }
        self.publishStatistics()
    }

    private func ready(_ id: ConnectionID, _ readiness: Readiness) {
        guard let driver = self.drivers[id] else { return }
        let wasIdle = driver.isAtRest
        driver.ready(readiness)
        // Nobody holds it and nobody will ask: the server closed an idle connection.
        if wasIdle, !driver.isUsable, self.machine.isIdle(id) { self.lose(id) }
    }

    // MARK: Deadlines

    /// One timer serves all of them: it fires at the earliest and is then set to the next.
    private func checkDeadlines(by moment: MonotonicTime) {
        if let sweep {
            guard moment < sweep.at else { return }
            self.loop.cancel(sweep.timer)
        }
        let delay = max(.zero, moment.since(.now))
        let timer = self.loop.schedule(after: delay) { [weak self] in self?.assumeIsolated { $0.expireDeadlines() } }
        self.sweep = (timer, moment)
    }

    private func expireDeadlines() {
        self.sweep = nil
        let now = MonotonicTime.now
        for (waiter, entry) in self.waiters where entry.deadline <= now {
            self.fail(waiter, PostgresError(.poolExhausted, "no connection became free in time"))
        }
        for driver in self.drivers.values { driver.expire(now: now) }
        let next = [self.waiters.values.map(\.deadline).min(), self.drivers.values.compactMap(\.nextDeadline).min()]
        if let next = next.compactMap(\.self).min() { self.checkDeadlines(by: next) }
    }

    // MARK: End

    func shutDown() {
        let (waiters, connections) = self.machine.shutDown()
        let error = PostgresError(.shutDown, "the pool was shut down")
        for waiter in waiters { self.waiters.removeValue(forKey: waiter)?.promise.complete(.failure(error)) }
        for id in connections {
            guard let driver = self.drivers.removeValue(forKey: id) else { continue }
            if !driver.isAtRest { driver.handle.cancelBlocking() }
            driver.close(reason: error)
        }
        if let sweep { self.loop.cancel(sweep.timer) }
        self.sweep = nil
        self.publishStatistics()
    }

    private func publishStatistics() {
        self.statistics.store(open: self.machine.openCount, idle: self.machine.idleCount, waiting: self.machine.waitingCount)
    }
}

/// Read from any thread without asking the loop.
final class PoolStatistics: Sendable {
    private let open = Atomic(0)
    private let idle = Atomic(0)
    private let waiting = Atomic(0)

    func store(open: Int, idle: Int, waiting: Int) {
        self.open.store(open, ordering: .relaxed)
        self.idle.store(idle, ordering: .relaxed)
        self.waiting.store(waiting, ordering: .relaxed)
    }

    var current: (open: Int, idle: Int, waiting: Int) {
        (self.open.load(ordering: .relaxed), self.idle.load(ordering: .relaxed), self.waiting.load(ordering: .relaxed))
    }
}
