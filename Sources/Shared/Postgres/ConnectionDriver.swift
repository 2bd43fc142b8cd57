internal import CLibPQ
internal import Logging
internal import Reactor

/// Drives one connection on its event loop: the only place that waits for its socket. Belongs to one actor, runs on that actor's executor.
///
/// One exchange at a time. A caller that stops waiting (cancelled, or out of time) is answered at once; what the server still sends for
/// it is read and dropped before the next exchange, see ``settle()``.
final class ConnectionDriver {
    /// How the driver reaches back into the actor that owns it.
    struct Hooks: Sendable {
        let ready: @Sendable (Readiness) -> Void
        /// The exchange must be checked at this moment, see ``expire(now:)``.
        let deadline: @Sendable (MonotonicTime) -> Void
    }

    private enum Wait {
        case connection
        /// All results of what was sent, up to the `nil` that ends them, or a COPY state.
        case results
        /// The output buffer has drained.
        case flushed
        /// A row of COPY OUT can be read without blocking.
        case copyData
    }

    private let loop: EventLoop
    private let hooks: Hooks
    let logger: Logger
    private(set) var handle: ConnectionHandle
    private var registration: EventLoop.Registration?
    private var interest: Readiness = .readable

    private var wait: Wait?
    /// Answered when what is waited for has come: a task's promise, or a call back.
    private var completion: ((Result<Void, PostgresError>) -> Void)?
    private var deadline: MonotonicTime?
    private var settled: [CheckedContinuation<Void, Never>] = []
    /// What the exchange has brought: the first error, or the last result.
    private var failure: PostgresError?
    private var result: ResultSlot = .none
    private var closeReason: PostgresError?

    var statements = StatementCache()
    /// The last row of a COPY OUT has been read, its result has not.
    var isAtCopyEnd = false
    /// Zero: no limit, here neither.
    var statementTimeout: Duration
    /// Called with each notification that arrives.
    var onNotification: ((PostgresNotification) -> Void)?

    enum ResultSlot: ~Copyable {
        case none
        case some(ResultHandle)
    }

    init(configuration: PostgresConfiguration, loop: EventLoop, hooks: Hooks, logger: Logger) throws(PostgresError) {
        self.loop = loop
        self.hooks = hooks
        self.logger = logger
        self.statementTimeout = configuration.statementTimeout
        self.handle = try ConnectionHandle(parameters: configuration.connectionParameters, logger: logger)
    }

    var isClosed: Bool { self.closeReason != nil }
    var isUsable: Bool { !self.isClosed && !self.handle.isBroken }
    /// Nothing is under way, not even answers to be dropped.
    var isAtRest: Bool { self.wait == nil }
    /// A COPY was begun and not ended, or another command is under way.
    var isInCopy: Bool { self.handle.transactionStatus == PQTRANS_ACTIVE }
    var isIdleTransaction: Bool { self.handle.transactionStatus == PQTRANS_IDLE }

    // MARK: Connecting

    /// - Throws: After `timeout`, or with what the server said. The driver is closed then.
    func connect(timeout: Duration) async throws(PostgresError) {
        do throws(PostgresError) {
            try self.watch(.writable)
            try await self.wait(for: .connection, timeout: timeout, isCancellable: false)
            guard self.handle.makeNonBlocking() else { throw self.handle.error() }
        } catch {
            self.close()
            throw error
        }
    }

    private func continueConnecting() {
        // libpq may close the socket in here and open another one under the same number.
        self.unwatch()
        let status = self.handle.poll()
        do throws(PostgresError) {
            switch status {
            case PGRES_POLLING_OK:
                try self.watch(.readable)
                self.finish(.success(()))
            case PGRES_POLLING_READING: try self.watch(.readable)
            case PGRES_POLLING_WRITING: try self.watch(.writable)
            default: throw self.handle.error()
            }
        } catch {
            self.finish(.failure(error))
        }
    }

    /// - Throws: Why the connection is of no use any more, if it isn't.
    func requireUsable() throws(PostgresError) {
        if let closeReason { throw closeReason }
        guard !self.handle.isBroken else { throw self.handle.error() }
    }

    // MARK: Exchanges

    /// Sends what `send` queues and waits for all of its results.
    ///
    /// - Parameter isCancellable: Whether a cancelled task stops waiting.
    /// - Returns: The last result; a COPY state ends the wait, too.
    func exchange(isCancellable: Bool = true, _ send: (ConnectionHandle) -> Int32) async throws(PostgresError) -> ResultHandle {
        await self.settle()
        try self.requireUsable()
        if isCancellable, Task.isCancelled { throw .cancelled }
        guard send(self.handle) == 1 else { throw self.broken(self.handle.error()) }
        return try await self.results(isCancellable: isCancellable)
    }

    /// Waits for the results of what has been queued already.
    func results(isCancellable: Bool) async throws(PostgresError) -> ResultHandle {
        try self.expectResults()
        try await self.wait(for: .results, timeout: self.answerTimeout, isCancellable: isCancellable)
        return try self.takeResult()
    }

    /// Sends what `send` queues and calls `completion` on the loop when all of its results are there, for ``takeResult()``. The connection
    /// is at rest and usable.
    ///
    /// - Returns: `false` if nothing could be sent: the connection is closed then.
    func begin(_ send: (ConnectionHandle) -> Int32, _ completion: @escaping (Result<Void, PostgresError>) -> Void) -> Bool {
        do throws(PostgresError) {
            guard send(self.handle) == 1 else { throw self.broken(self.handle.error()) }
            try self.expectResults()
        } catch {
            return false
        }
        self.begin(.results, timeout: self.answerTimeout, completion)
        return true
    }

    private func expectResults() throws(PostgresError) {
        self.failure = nil
        self.result = .none
        try self.flushSome()
    }

    /// The server ends a statement itself. A second more tells a hung one from a slow answer.
    private var answerTimeout: Duration? { self.statementTimeout > .zero ? self.statementTimeout + .seconds(1) : nil }

    /// The last result of an exchange that has ended.
    func takeResult() throws(PostgresError) -> ResultHandle {
        if let failure = self.failure { throw failure }
        var slot = ResultSlot.none
        swap(&slot, &self.result)
        switch consume slot {
        case .some(let result): return result
        case .none: throw self.broken(PostgresError(.connectionFailed, "the server sent no result"))
        }
    }

    /// Waits until the output buffer is empty, so that a writer can't outrun the server.
    func drainOutput() async throws(PostgresError) {
        try self.flushSome()
        guard self.interest.contains(.writable) else { return }
        try await self.wait(for: .flushed, timeout: self.statementTimeout > .zero ? self.statementTimeout : nil, isCancellable: false)
    }

    /// Waits until a row of COPY OUT has arrived.
    func waitForCopyData() async throws(PostgresError) {
        try self.setInterest(.readable)
        try await self.wait(for: .copyData, timeout: self.statementTimeout > .zero ? self.statementTimeout : nil, isCancellable: true)
    }

    /// Stops reading while a consumer of COPY OUT is busy: the server waits meanwhile.
    func pauseReading() throws(PostgresError) { try self.setInterest([]) }
    func resumeReading() throws(PostgresError) { try self.setInterest(.readable) }

    /// Waits until the answers to an abandoned exchange have been dropped.
    func settle(isolation: isolated (any Actor)? = #isolation) async {
        while self.wait != nil, !self.isClosed {
            await withCheckedContinuation(isolation: isolation) { self.settled.append($0) }
        }
    }

    private func wait(for wait: Wait, timeout: Duration?, isCancellable: Bool) async throws(PostgresError) {
        let promise = Promise<Void, PostgresError>()
        self.begin(wait, timeout: timeout) { promise.complete($0) }
        guard isCancellable else { return try await promise.value() }
        try await promise.value(orCancelledWith: .cancelled)
    }

    private func begin(_ wait: Wait, timeout: Duration?, _ completion: @escaping (Result<Void, PostgresError>) -> Void) {
        (self.wait, self.completion) = (wait, completion)
        if let timeout {
            let deadline = MonotonicTime.now.advanced(by: timeout)
            self.deadline = deadline
            self.hooks.deadline(deadline)
        }
        // They may have come already, while a COPY went on.
        if case .results = wait { self.readResults() }
    }

    // MARK: Events, called by the owning actor

    func ready(_ readiness: Readiness) {
        if case .connection = self.wait { return self.continueConnecting() }
        do throws(PostgresError) {
            if readiness.contains(.readable) {
                guard self.handle.consumeInput() else { throw self.handle.error() }
                if let onNotification { self.handle.notifications().forEach(onNotification) }
            }
            if self.interest.contains(.writable) { try self.flushSome() }
        } catch {
            return self.breakDown(error)
        }
        switch self.wait {
        case .results: self.readResults()
        case .flushed: if !self.interest.contains(.writable) { self.finish(.success(())) }
        case .copyData: self.finish(.success(()))
        case .connection, nil: break
        }
    }

    private func readResults() {
        while !self.handle.isBusy {
            guard let result = self.handle.nextResult() else { return self.finish(.success(())) }
            if let error = result.error {
                self.failure = self.failure ?? error
                if self.handle.isBroken || error.endsConnection { return self.breakDown(error) }
                continue
            }
            let status = result.status
            self.result = .some(result)
            if status == PGRES_COPY_IN || status == PGRES_COPY_OUT { return self.finish(.success(())) }
        }
    }

    /// Ends what has taken too long: the server hangs, so the connection is given up.
    func expire(now: MonotonicTime) {
        guard let deadline, deadline <= now, let wait else { return }
        if case .connection = wait {
            self.finish(.failure(PostgresError(.connectionFailed, "no connection within the timeout")))
        } else {
            self.breakDown(PostgresError(.statementTimeout, "the server did not answer within the timeout"))
        }
    }

    var nextDeadline: MonotonicTime? { self.wait == nil ? nil : self.deadline }

    /// Answers whoever waits, and everybody who waits for the exchange to end.
    private func finish(_ outcome: Result<Void, PostgresError>) {
        let (completion, settled) = (self.completion, self.settled)
        (self.wait, self.deadline, self.completion, self.settled) = (nil, nil, nil, [])
        completion?(outcome)
        for waiter in settled { waiter.resume() }
    }

    // MARK: Breaking and closing

    private func breakDown(_ error: PostgresError) {
        self.close(reason: error)
    }

    private func broken(_ error: PostgresError) -> PostgresError {
        self.close(reason: error)
        return error
    }

    func close(reason: PostgresError = PostgresError(.shutDown, "the connection was closed")) {
        guard !self.isClosed else { return }
        self.closeReason = reason
        self.unwatch()
        self.finish(.failure(reason))
    }

    // MARK: The socket

    func flushSome() throws(PostgresError) {
        switch self.handle.flush() {
        case .done: try self.setInterest(.readable)
        case .pending: try self.setInterest([.readable, .writable])
        case .failed: throw self.broken(self.handle.error())
        }
    }

    private func setInterest(_ interest: Readiness) throws(PostgresError) {
        guard interest != self.interest, let registration else { return }
        do {
            try self.loop.update(registration, interest: interest)
            self.interest = interest
        } catch {
            throw self.broken(PostgresError(.connectionFailed, "\(error)"))
        }
    }

    private func watch(_ interest: Readiness) throws(PostgresError) {
        do {
            self.registration = try self.loop.register(
                descriptor: self.handle.descriptor, interest: interest, handler: self.hooks.ready)
            self.interest = interest
        } catch {
            throw PostgresError(.connectionFailed, "\(error)")
        }
    }

    private func unwatch() {
        if let registration { self.loop.deregister(registration) }
        self.registration = nil
    }
}
