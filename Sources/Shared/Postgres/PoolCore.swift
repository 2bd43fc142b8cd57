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
    private let lastWaiter = Atomic<UInt64>(0)
    private var lastFailure: PostgresError?
    private var sweep: (timer: EventLoop.TimerID, at: MonotonicTime)?
    private var random = SystemRandomNumberGenerator()

    /// What a connection is wanted for.
    private enum Purpose {
        /// A scope, which gives it back itself.
        case lease(Promise<ConnectionID, PostgresError>, until: MonotonicTime?)
        case statement(PostgresQuery, Promise<PostgresRows, PostgresError>, until: MonotonicTime?)

        /// Until when it is wanted, where that is earlier than the timeouts.
        var limit: MonotonicTime? {
            switch self {
            case .lease(_, let limit), .statement(_, _, let limit): limit
            }
        }
    }

    private struct Waiter {
        let purpose: Purpose
        let deadline: MonotonicTime
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

    init(configuration: PostgresConfiguration, loop: EventLoop, logger: Logger) {
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
        self.machine = PoolStateMachine(size: configuration.poolSize, overflow: configuration.maxOverflow, waiterLimit: configuration.waiterLimit)
    }

    // MARK: Queries

    /// Runs one statement on any connection. While the loop and a connection are idle it is sent from the caller's own thread.
    ///
    /// A cancelled caller is answered at once; its connection comes back when the server has answered.
    nonisolated func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        if Task.isCancelled { throw .cancelled }
        let limit = try self.callersLimit()
        let waiter = self.nextWaiter()
        let promise = Promise<PostgresRows, PostgresError>()
        self.loop.perform { self.assumeIsolated { $0.connection(for: .statement(query, promise, until: limit), as: waiter) } }
        return try await promise.value(orCancelledWith: .cancelled) { [loop] in
            loop.execute { self.assumeIsolated { $0.fail(waiter, .cancelled) } }
        }
    }

    /// Until when the calling task wants to wait.
    private nonisolated func callersLimit() throws(PostgresError) -> MonotonicTime? {
        guard let budget = self.configuration.budget() else { return nil }
        guard budget > .zero else { throw .outOfTime }
        return .now.advanced(by: budget)
    }

    private func run(_ query: PostgresQuery, on id: ConnectionID, until limit: MonotonicTime?, _ promise: Promise<PostgresRows, PostgresError>) {
        guard let driver = self.drivers[id] else {
            promise.complete(.failure(PostgresError(.shutDown, "the pool was shut down")))
            return
        }
        driver.limit = limit
        let isSent = driver.send(query) { [unowned self] outcome in
            if case .failure(let error) = outcome, error.isStaleStatement { return self.runStepwise(query, on: id, promise) }
            self.release(id)
            promise.complete(outcome)
        }
        if !isSent { self.runStepwise(query, on: id, promise) }
    }

    /// The long way, for a statement that this connection must prepare first.
    private func runStepwise(_ query: PostgresQuery, on id: ConnectionID, _ promise: Promise<PostgresRows, PostgresError>) {
        // Ends by itself: the driver gives up when the server hangs or the pool shuts down.
        Task {
            let outcome: Result<PostgresRows, PostgresError>
            do throws(PostgresError) {
                outcome = .success(try await self.driver(id).query(query))
            } catch {
                outcome = .failure(error)
            }
            self.release(id)
            promise.complete(outcome)
        }
    }

    func query(_ query: PostgresQuery, on id: ConnectionID) async throws(PostgresError) -> PostgresRows {
        try await self.lent(id).query(query)
    }

    /// - Parameter isCancellable: False for what must be done though the task is cancelled, such as a ROLLBACK.
    @discardableResult
    func script(_ sql: String, on id: ConnectionID, isCancellable: Bool = true) async throws(PostgresError) -> String {
        let driver = try isCancellable ? self.lent(id) : self.driver(id)
        let result = try await driver.script(sql, isCancellable: isCancellable)
        return result.commandTag
    }

    func setStatementTimeout(_ timeout: Duration, on id: ConnectionID) async throws(PostgresError) {
        let driver = try self.lent(id)
        _ = try await driver.script("SET statement_timeout = \(timeout.wholeMilliseconds)")
        driver.statementTimeout = timeout
    }

    // MARK: COPY

    func beginCopyIn(_ sql: String, on id: ConnectionID) async throws(PostgresError) {
        try await self.lent(id).beginCopyIn(sql)
    }

    func putCopyData(_ bytes: [UInt8], on id: ConnectionID) async throws(PostgresError) {
        try await self.driver(id).putCopyData(bytes)
    }

    /// - Parameter failure: Why the copy is given up; `nil` ends it well.
    func endCopyIn(failure: String?, on id: ConnectionID) async throws(PostgresError) -> Int {
        try await self.driver(id).endCopyIn(failure: failure)
    }

    func beginCopyOut(_ sql: String, on id: ConnectionID) async throws(PostgresError) {
        try await self.lent(id).beginCopyOut(sql)
    }

    func nextCopyChunk(on id: ConnectionID) async throws(PostgresError) -> ConnectionDriver.CopyChunk {
        try await self.lent(id).nextCopyChunk()
    }

    /// Gives the connection up; whoever holds it gets errors from now on.
    func discard(_ id: ConnectionID) { self.drivers[id]?.close() }

    private func driver(_ id: ConnectionID) throws(PostgresError) -> ConnectionDriver {
        guard let driver = self.drivers[id] else { throw PostgresError(.shutDown, "the scope that lent this connection has ended") }
        return driver
    }

    /// For a call of the scope that the connection is lent to: its task's time is the limit.
    private func lent(_ id: ConnectionID) throws(PostgresError) -> ConnectionDriver {
        let driver = try self.driver(id)
        driver.limit = try self.callersLimit()
        return driver
    }

    // MARK: Leases

    private nonisolated func nextWaiter() -> UInt64 { self.lastWaiter.add(1, ordering: .relaxed).newValue }

    func acquire() async throws(PostgresError) -> ConnectionID {
        if Task.isCancelled { throw .cancelled }
        let limit = try self.callersLimit()
        let waiter = self.nextWaiter()
        let promise = Promise<ConnectionID, PostgresError>()
        self.connection(for: .lease(promise, until: limit), as: waiter)
        return try await promise.value(orCancelledWith: .cancelled) { [loop] in
            loop.execute { self.assumeIsolated { $0.fail(waiter, .cancelled) } }
        }
    }

    /// Delivers a connection: now if one is idle, else when one is free or has been opened, or a failure when time is up.
    private func connection(for purpose: Purpose, as waiter: UInt64) {
        switch self.machine.acquire(waiter) {
        case .lease(let id): self.deliver(.success(id), for: purpose)
        case .wait: self.wait(as: waiter, for: purpose)
        case .waitAndOpen(let id):
            self.wait(as: waiter, for: purpose)
            self.open(id)  // May fail right here.
        case .failUnavailable:
            self.deliver(.failure(self.lastFailure ?? PostgresError(.serverUnavailable, "the server can't be reached")), for: purpose)
        case .failExhausted: self.deliver(.failure(PostgresError(.poolExhausted, "too many calls wait for a connection")), for: purpose)
        case .failShutDown: self.deliver(.failure(PostgresError(.shutDown, "the pool was shut down")), for: purpose)
        }
        self.publishStatistics()
    }

    private func wait(as waiter: UInt64, for purpose: Purpose) {
        let timeout = MonotonicTime.now.advanced(by: self.configuration.acquireTimeout)
        let deadline = purpose.limit.map { min($0, timeout) } ?? timeout
        self.checkDeadlines(by: deadline)
        self.waiters[waiter] = Waiter(purpose: purpose, deadline: deadline)
    }

    /// A connection that nobody wants any more goes on to the next.
    private func deliver(_ connection: Result<ConnectionID, PostgresError>, for purpose: Purpose) {
        switch (purpose, connection) {
        case (.lease(let promise, _), .success(let id)): if !promise.complete(.success(id)) { self.handOn(id) }
        case (.statement(let query, let promise, let limit), .success(let id)):
            if promise.isComplete { self.handOn(id) } else { self.run(query, on: id, until: limit, promise) }
        case (.lease(let promise, _), .failure(let error)): promise.complete(.failure(error))
        case (.statement(_, let promise, _), .failure(let error)): promise.complete(.failure(error))
        }
    }

    private func fail(_ waiter: UInt64, _ error: PostgresError) {
        self.machine.abandon(waiter)
        self.dismiss(waiter, error)
        self.publishStatistics()
    }

    private func dismiss(_ waiter: UInt64, _ error: PostgresError) {
        guard let purpose = self.waiters.removeValue(forKey: waiter)?.purpose else { return }
        self.deliver(.failure(error), for: purpose)
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
            guard let purpose = self.waiters.removeValue(forKey: waiter)?.purpose else { return self.handOn(id) }
            self.deliver(.success(id), for: purpose)
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
        for waiter in action.fail { self.dismiss(waiter, error) }
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
        for waiter in waiters { self.dismiss(waiter, error) }
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
