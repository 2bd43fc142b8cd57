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
