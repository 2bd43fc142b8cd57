/// What a search for settings found.
public struct TuningReport: Sendable {
    /// One setting that was tried.
    public struct Trial: Sendable, Hashable {
        /// `factorization` for stage 1, `ranker` for stage 2.
        public let stage: String
        public let parameters: [String: Double]
        /// NDCG on the held-out future: @50 of stage 1 alone, @10 of whole lists for the ranker.
        public let quality: Double
    }

    /// In the order in which they were tried.
    public let trials: [Trial]
    /// The best of them, to train with.
    public let factorization: FactorizationTrial
    public let rankerPenalty: Double
    /// Of both stages with the best settings, as in the registry.
    public let metrics: [String: Double]
    /// The active model, and NDCG@10 of its settings on the same past and future; `nil` without one that can be compared.
    public let activeVersion: String?
    public let activeQuality: Double?
    public let people: Int
    public let interactions: Int
    public let duration: Duration
}

extension FactorizationTrial {
    /// By name.
    public var parameters: [String: Double] {
        [
            "factors": Double(self.factors), "iterations": Double(self.iterations), "unobserved_mass": self.unobservedMass,
            "regularization": self.regularization, "regularization_exponent": self.regularizationExponent,
        ]
    }
}
