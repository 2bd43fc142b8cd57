internal import CLibPQ
internal import Glibc
internal import Logging

/// A `PGconn` in non-blocking mode: finished exactly once. Used on its event loop only.
@safe final class ConnectionHandle {
    let pointer: OpaquePointer
    private let notices: NoticeReceiver

    /// Begins to connect; ``poll()`` carries on. A host name (not a socket folder or address) is looked up right here.
    init(parameters: [(keyword: String, value: String)], logger: Logger) throws(PostgresError) {
        guard let pointer = unsafe Self.start(parameters) else { throw PostgresError(.connectionFailed, "out of memory") }
        unsafe self.pointer = pointer
        self.notices = NoticeReceiver(logger: logger)
        let receiver = unsafe Unmanaged.passUnretained(self.notices).toOpaque()
        unsafe PQsetNoticeReceiver(pointer, { unsafe receiveNotice($0, $1) }, receiver)
        guard unsafe PQstatus(pointer) != CONNECTION_BAD else { throw self.error() }
    }

    deinit { unsafe PQfinish(self.pointer) }

    private static func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        let keywords = unsafe parameters.map { unsafe strdup($0.keyword) }
        let values = unsafe parameters.map { unsafe strdup($0.value) }
        defer {
            for index in unsafe keywords.indices {
                unsafe free(keywords[index])
                unsafe free(values[index])
            }
        }
        let constantKeywords = unsafe keywords.map { unsafe UnsafePointer($0) } + [nil]
        let constantValues = unsafe values.map { unsafe UnsafePointer($0) } + [nil]
        return unsafe PQconnectStartParams(constantKeywords, constantValues, 0)
    }

    var descriptor: Int32 { unsafe PQsocket(self.pointer) }
    var isBroken: Bool { unsafe PQstatus(self.pointer) == CONNECTION_BAD }
    var transactionStatus: PGTransactionStatusType { unsafe PQtransactionStatus(self.pointer) }

    func poll() -> PostgresPollingStatusType { unsafe PQconnectPoll(self.pointer) }

    func makeNonBlocking() -> Bool { unsafe PQsetnonblocking(self.pointer, 1) == 0 }

    /// What libpq has to say about the last failure.
    func error(_ code: PostgresError.Code = .connectionFailed) -> PostgresError {
        let message = unsafe String(cString: PQerrorMessage(self.pointer)).trimmedLine
        let isRefusal = message.contains("the database system is") || message.contains("too many clients")
        return PostgresError(isRefusal && code == .connectionFailed ? .serverUnavailable : code, message)
    }

    /// The next result, or `nil` where libpq has no more. Only while ``isBusy`` is false.
    func nextResult() -> ResultHandle? {
        guard let result = unsafe PQgetResult(self.pointer) else { return nil }
        return unsafe ResultHandle(owning: result)
    }

    var isBusy: Bool { unsafe PQisBusy(self.pointer) != 0 }

    /// - Returns: Whether the connection still lives.
    func consumeInput() -> Bool { unsafe PQconsumeInput(self.pointer) == 1 }

    enum Flush { case done, pending, failed }

    func flush() -> Flush {
        switch unsafe PQflush(self.pointer) {
        case 0: .done
        case 1: .pending
        default: .failed
        }
    }

    /// Asks the server to stop the running statement. Blocks for a few milliseconds: for the end of a pool only.
    func cancelBlocking() {
        guard let cancel = unsafe PQgetCancel(self.pointer) else { return }
        var message = [CChar](repeating: 0, count: 256)
        unsafe PQcancel(cancel, &message, Int32(message.count))
        unsafe PQfreeCancel(cancel)
    }

    /// Notifications that have arrived, in order.
    func notifications() -> [PostgresNotification] {
        var notifications: [PostgresNotification] = []
        while let notify = unsafe PQnotifies(self.pointer) {
            unsafe notifications.append(
                PostgresNotification(
                    channel: String(cString: notify.pointee.relname), payload: String(cString: notify.pointee.extra)))
            unsafe PQfreemem(notify)
        }
        return notifications
    }
}

/// Sends the server's notices to the log instead of the standard error.
private final class NoticeReceiver {
    let logger: Logger
    init(logger: Logger) { self.logger = logger }
}

private func receiveNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
    guard let context = unsafe context, let result = unsafe result else { return }
    let receiver = unsafe Unmanaged<NoticeReceiver>.fromOpaque(context).takeUnretainedValue()
    // libpq clears the result of a notice itself, so no handle owns it here.
    let message = unsafe PQresultErrorField(result, Int32(PG_DIAG_MESSAGE_PRIMARY.value)).map { unsafe String(cString: $0) } ?? ""
    let severity = unsafe PQresultErrorField(result, Int32(PG_DIAG_SEVERITY.value)).map { unsafe String(cString: $0) } ?? ""
    receiver.logger.debug("notice of the server", metadata: ["notice.severity": "\(severity)", "notice.message": "\(message)"])
}
