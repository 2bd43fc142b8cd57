/// What a training run made.
public struct TrainingReport: Sendable {
    public enum Outcome: Sendable, Hashable {
        /// Serving uses it from now on.
        case activated
        /// Registered but not activated: it is worse than the active model on the same held-out part.
        case rejected(quality: Double, activeQuality: Double, activeVersion: String)
        /// Registered and left alone, as asked for.
        case registered
    }

    public let version: String
    public let outcome: Outcome
    public let people: Int
    public let interactions: Int
    /// As in the registry: see ``TrainingJob``.
    public let metrics: [String: Double]
    public let parameters: [String: String]
    public let duration: Duration
}
