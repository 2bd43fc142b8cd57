/// What a client has learnt about one method.
package struct MethodState: Sendable {
    package let descriptor: MethodDescriptor
    package private(set) var breaker: CircuitBreaker?
    private var latency: LatencyQuantile?
    private let minimumHedgeDelay: UInt64
    private var calls = 0
    private var failures = 0

    var description: MethodCallState {
        let breaker: MethodCallState.Breaker =
            switch self.breaker?.phase {
            case nil: .off
            case .closed?: .closed
            case .open?: .open
            case .halfOpen?: .halfOpen
            }
        return MethodCallState(
            method: self.descriptor.fullName, calls: self.calls, failures: self.failures, breaker: breaker,
            hedgeDelay: self.hedgeDelay.map { .nanoseconds(Int64(clamping: $0)) })
    }

    package init(_ descriptor: MethodDescriptor, breaker: CircuitBreakerPolicy?, hedging: HedgingPolicy?) {
        self.descriptor = descriptor
        self.breaker = breaker.map(CircuitBreaker.init)
        self.latency = descriptor.hedges ? hedging.map { LatencyQuantile($0.quantile) } : nil
        self.minimumHedgeDelay = Deadline(nanoseconds: 0).advanced(by: hedging?.minimumDelay ?? .zero).nanoseconds
    }

    /// - Returns: What ``attemptEnded(_:after:epoch:at:)`` wants to know; `nil` when the breaker is open.
    package mutating func admit(at now: Deadline) -> UInt32? {
        self.breaker == nil ? 0 : self.breaker?.admit(at: now)
    }

    /// Nanoseconds after which a second replica is asked; `nil`: never, or not yet known.
    package var hedgeDelay: UInt64? {
        self.latency?.value.map { max($0, self.minimumHedgeDelay) }
    }

    /// - Parameters:
    ///   - code: `nil` for success.
    ///   - nanoseconds: Since the attempt began.
    package mutating func attemptEnded(
        _ code: MeshError.Code?, after nanoseconds: UInt64, epoch: UInt32, at now: Deadline
    ) -> CircuitBreaker.Transition? {
        self.calls += 1
        if code != nil { self.failures += 1 }
        if code == nil { self.latency?.observe(nanoseconds) }
        guard self.breaker != nil else { return nil }
        let outcome: CircuitBreaker.Outcome =
            switch code {
            case nil: .success
            case .cancelled?: .neutral
            case let code?: code.isFailureOfCallee ? .failure : .success
            }
        return self.breaker?.callEnded(outcome, epoch, at: now)
    }
}

/// What a client knows of one method.
public struct MethodCallState: Sendable, Hashable {
    public enum Breaker: UInt8, Sendable {
        case off = 0
        case closed = 1
        case open = 2
        case halfOpen = 3
    }

    /// Full name.
    public let method: String
    /// Attempts that have ended.
    public let calls: Int
    /// Of those, the ones without success.
    public let failures: Int
    public let breaker: Breaker
    /// After so long a second replica is asked; `nil`: none is.
    public let hedgeDelay: Duration?
}
