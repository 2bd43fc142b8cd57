public import Logging
internal import Reactor

/// Connections to one server, driven by one thread of the pool's own; they are made when needed and made again when lost.
public final class PostgresPool: Sendable {
    /// A failure, which every call repeats, if the system gave no thread.
    private let started: Result<PoolCore, PostgresError>
    /// `nil`: every call is made.
    private let breaker: CircuitBreaker?
    private let budget: @Sendable () -> Duration?
    private let retries = RetryPolicy()

    /// Connects with the first call. The pool's thread ends after ``shutdown()`` when the last reference goes.
    public init(configuration: PostgresConfiguration, logger: Logger) {
        self.breaker = configuration.breaksCircuit ? CircuitBreaker(policy: BreakerStateMachine.Policy()) : nil
        self.budget = configuration.budget
        do {
            let loop = try EventLoop(name: "postgres")
            self.started = .success(PoolCore(configuration: configuration, loop: loop, logger: logger))
        } catch {
            self.started = .failure(PostgresError(.connectionFailed, "\(error)"))
        }
    }

    /// Open connections, how many of them nobody uses, and callers that wait for one.
    public var statistics: (open: Int, idle: Int, waiting: Int) {
        (try? self.started.get())?.statistics.current ?? (0, 0, 0)
    }

    /// Whether calls are refused: 0 no, 1 one call is probing, 2 yes; how often that began, and how many were refused.
    public var circuit: (state: Int, openings: UInt64, refusals: UInt64) {
        self.breaker.map { breaker in
            let condition = breaker.condition
            return (condition.state.rawValue, condition.openings, condition.refusals)
        } ?? (0, 0, 0)
    }

    /// Runs one statement that changes nothing. If the connection breaks, or another transaction is in the way, it is run again, within the
    /// caller's time.
    public func read(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        var attempt = 1
        while true {
            do throws(PostgresError) {
                return try await self.query(query)
            } catch {
                var generator = SystemRandomNumberGenerator()
                guard
                    let pause = self.retries.pause(after: error, attempt: attempt, budget: self.budget(), using: &generator),
                    (try? await Task.sleep(for: pause)) != nil
                else { throw error }
                attempt += 1
            }
        }
    }

    /// Runs one statement on any connection.
    ///
    /// If the task is cancelled this throws at once; the server may still do the work.
    public func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        let core = try self.started.get()
        return try await StatementSpan.record(query.beginning) { () async throws(PostgresError) in
            guard let breaker else { return try await core.query(query) }
            return try await breaker.call { () throws(PostgresError) in try await core.query(query) }
        }
    }

    /// A connection on which the script was run: that one is free says nothing about the server, that it answers does.
    private func connection(_ core: PoolCore, after script: String) async throws(PostgresError) -> PoolStateMachine.ConnectionID {
        func begin() async throws(PostgresError) -> PoolStateMachine.ConnectionID {
            let id = try await core.acquire()
            do throws(PostgresError) {
                try await StatementSpan.record("BEGIN") { () async throws(PostgresError) in _ = try await core.script(script, on: id) }
                return id
            } catch {
                await core.releaseClean(id)
                throw error
            }
        }
        guard let breaker else { return try await begin() }
        return try await breaker.call { () throws(PostgresError) in try await begin() }
    }

    /// Lends one connection to `body`. It goes back clean: what `body` left open is rolled back. The circuit has no say in it.
    public func withConnection<R: Sendable>(_ body: (PostgresConnection) async throws -> sending R) async throws -> R {
        let core = try self.started.get()
        let id = try await core.acquire()
        do {
            let result = try await body(PostgresConnection(core: core, id: id))
            await core.releaseClean(id)
            return result
        } catch {
            await core.releaseClean(id)
            throw error
        }
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws or its task is cancelled.
    ///
    /// - Throws: What `body` throws. If the connection breaks while the COMMIT is under way, ``PostgresError/Code/connectionFailed``:
    ///   then nobody knows whether it was done.
    public func withTransaction<R: Sendable>(
        isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false,
        _ body: (PostgresConnection) async throws -> sending R
    ) async throws -> R {
        let core = try self.started.get()
        let id = try await self.connection(core, after: "BEGIN ISOLATION LEVEL \(isolation.sql)\(readOnly ? " READ ONLY" : "")")
        do {
            let result = try await body(PostgresConnection(core: core, id: id))
            if Task.isCancelled { throw PostgresError.cancelled }
            let tag = try await StatementSpan.record("COMMIT") { () async throws(PostgresError) in
                try await core.script("COMMIT", on: id, isCancellable: false)
            }
            // After a failed statement, whose error `body` has swallowed, the server answers a COMMIT with a rollback.
            guard tag == "COMMIT" else { throw PostgresError(.query, "the transaction had failed and was rolled back") }
            await core.releaseClean(id)
            return result
        } catch {
            await core.releaseClean(id)
            throw error
        }
    }

    /// Closes everything. Whoever waits or has a statement running gets ``PostgresError/Code/shutDown``.
    public func shutdown() async { await (try? self.started.get())?.shutDown() }
}

/// How much transactions see of each other.
public enum PostgresIsolation: Sendable, CaseIterable {
    case readCommitted, repeatableRead, serializable

    var sql: String {
        switch self {
        case .readCommitted: "READ COMMITTED"
        case .repeatableRead: "REPEATABLE READ"
        case .serializable: "SERIALIZABLE"
        }
    }
}
