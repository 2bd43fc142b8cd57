/// When a second replica is asked for what the first takes long to answer (Dean, Barroso: The Tail at Scale, 2013).
///
/// Only for methods whose `.proto` says `hedge`; each hedge takes a token of the retry budget.
public struct HedgingPolicy: Sendable {
    /// The second is asked after this quantile of the method's recent latencies.
    public var quantile: Double
    /// Not sooner than this.
    public var minimumDelay: Duration

    public init(quantile: Double = 0.95, minimumDelay: Duration = .milliseconds(1)) {
        self.quantile = quantile
        self.minimumDelay = minimumDelay
    }
}

/// Whether it is worth asking a second replica, now that the first has taken so long.
package enum HedgeDecision: Equatable, Sendable {
    case ask
    /// It isn't yet: look again when the call has taken so many nanoseconds.
    case later(UInt64)
    case never

    /// The second must be expected to answer within the time that the first has taken already: that long it may still take, so a
    /// slower second would most likely be work for nothing, most of all where both are slow because both are busy.
    ///
    /// - Parameters:
    ///   - waited: Nanoseconds since the first was asked.
    ///   - cost: Nanoseconds in which the second is expected to answer; infinite when it can take no call.
    ///   - remaining: Nanoseconds until the deadline.
    package init(waited: UInt64, cost: Double, remaining: UInt64) {
        let (now, left) = (Double(waited), Double(remaining))
        guard cost > now else {
            self = .ask
            return
        }
        // By a quarter at least, as the cost will have changed until then.
        let next = max(cost, now * 1.25)
        self = next + cost < now + left ? .later(UInt64(next)) : .never
    }
}
