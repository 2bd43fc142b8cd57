/// Is told of every call that ends, to count and time it. Called on the mesh's own threads: must not block.
public protocol MeshMetricsObserver: Sendable {
    /// - Parameters:
    ///   - service: Name in the directory.
    ///   - replica: The one asked last; `nil` when none could be asked.
    ///   - code: `nil` for success.
    ///   - attempts: 1 without a retry, 0 when none could be asked.
    func clientCallEnded(
        _ method: MethodDescriptor, service: String, replica: String?, code: MeshError.Code?, duration: Duration, attempts: Int)

    /// - Parameters:
    ///   - method: `nil` for what isn't about one method.
    ///   - service: Name in the directory.
    func clientEvent(_ event: MeshClientEvent, _ method: MethodDescriptor?, service: String)

    /// - Parameters:
    ///   - method: `nil` for a method that the server doesn't know.
    ///   - code: `nil` for success.
    func serverCallEnded(_ method: MethodDescriptor?, code: MeshError.Code?, duration: Duration)

    /// A call was refused before it began.
    func serverCallShed(_ method: MethodDescriptor, _ reason: MeshShedReason)

    /// A call waited for its turn.
    func serverCallQueued(_ method: MethodDescriptor, for duration: Duration)
}

/// What a client did beyond making a call.
public enum MeshClientEvent: String, Sendable, CaseIterable {
    /// A call was made again.
    case retried
    /// A call wasn't made again, as the budget was used up.
    case retryDenied = "retry_denied"
    /// A second replica was asked.
    case hedged
    /// The second replica was the first to answer.
    case hedgeWon = "hedge_won"
    case breakerOpened = "breaker_opened"
    case breakerClosed = "breaker_closed"
    /// A call was refused as the method's breaker is open.
    case breakerRefused = "breaker_refused"
    /// A replica was ejected.
    case ejected
    /// A call was refused as each replica has as many in flight as it may.
    case capped
    /// A copy of a call was sent to a shadow.
    case shadowed
}

/// Why a server refused a call before it began.
public enum MeshShedReason: String, Sendable, CaseIterable {
    /// The queue was full, and no other call in it had less time left.
    case queueFull = "queue_full"
    /// It would not have been answered within its deadline.
    case tooLate = "too_late"
}

extension MeshMetricsObserver {
    public func clientCallEnded(
        _ method: MethodDescriptor, service: String, replica: String?, code: MeshError.Code?, duration: Duration, attempts: Int
    ) {}

    public func clientEvent(_ event: MeshClientEvent, _ method: MethodDescriptor?, service: String) {}

    public func serverCallEnded(_ method: MethodDescriptor?, code: MeshError.Code?, duration: Duration) {}

    public func serverCallShed(_ method: MethodDescriptor, _ reason: MeshShedReason) {}

    public func serverCallQueued(_ method: MethodDescriptor, for duration: Duration) {}
}
