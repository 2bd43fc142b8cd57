public import Logging
internal import Reactor

/// Connections to one server, driven by one thread of the pool's own; they are made when needed and made again when lost.
public final class PostgresPool: Sendable {
    /// A failure, which every call repeats, if the system gave no thread.
    private let started: Result<PoolCore, PostgresError>

    /// Connects with the first call. The pool's thread ends after ``shutdown()`` when the last reference goes.
    public init(configuration: PostgresConfiguration, logger: Logger) {
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

    /// Runs one statement on any connection.
    ///
    /// If the task is cancelled this throws at once; the server may still do the work.
    public func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        let core = try self.started.get()
        return try await StatementSpan.record(query.beginning) { () async throws(PostgresError) in try await core.query(query) }
    }

    /// Lends one connection to `body`. It goes back clean: what `body` left open is rolled back.
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
        let id = try await core.acquire()
        do {
            let begin = "BEGIN ISOLATION LEVEL \(isolation.sql)\(readOnly ? " READ ONLY" : "")"
            try await StatementSpan.record("BEGIN") { () async throws(PostgresError) in _ = try await core.script(begin, on: id) }
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
