public import Domain

/// How a model is trained.
public struct TrainingOptions: Sendable {
    /// Activates the model even if it is worse than the active one.
    public var force = false
    /// Registers the model without activating it.
    public var activates = true
    public var seed: UInt64 = 1
    public var threads = 2
    /// Share of the log, the latest, that stage 2 learns from and is judged by.
    public var heldOutShare = 0.2
    /// At most this many people's held-out interactions train stage 2, and judge it.
    public var rankerPeople = 4000
    public var validationPeople = 2000
    /// Strength of the L2 penalty on stage 2's mean loss.
    public var rankerPenalty = 1e-5
    /// Penalties that are compared; empty: ``rankerPenalty`` alone.
    public var rankerPenalties: [Double] = []
    /// How much longer than usual the search for stage 1's setting may take.
    public var searchEffort = 1
    /// Settings of stage 1 that are compared; empty: a choice for the size of the data.
    public var factorizations: [FactorizationTrial] = []
    /// How many candidates each source of stage 1 proposes.
    public var quotas: [CandidateSource: Int] = [
        .collaborative: 150, .social: 50, .content: 40, .popular: 30, .nearby: 20, .exploration: 10,
    ]
    /// Names the version and ends the story: interactions after it are left out.
    public var now: Timestamp

    public init(now: Timestamp) { self.now = now }

    /// - Throws: ``TrainingError/Code/invalidOption`` with a sentence.
    func validate() throws(TrainingError) {
        guard self.heldOutShare > 0, self.heldOutShare < 1 else {
            throw TrainingError(.invalidOption, "The held-out share must lie between 0 and 1.")
        }
        guard self.threads >= 1, self.rankerPeople >= 1, self.validationPeople >= 1, self.searchEffort >= 1,
            ([self.rankerPenalty] + self.rankerPenalties).allSatisfy({ $0 >= 0 })
        else {
            throw TrainingError(.invalidOption, "Threads, effort and numbers of people must be at least 1, penalties not negative.")
        }
        guard self.quotas.values.allSatisfy({ $0 >= 0 }), self.quotas.values.contains(where: { $0 > 0 }) else {
            throw TrainingError(.invalidOption, "At least one source must have a quota, and none a negative one.")
        }
        guard self.factorizations.allSatisfy({ $0.factors > 0 && $0.iterations > 0 && $0.regularization >= 0 }) else {
            throw TrainingError(.invalidOption, "A factorisation needs factors, iterations and no negative regularisation.")
        }
    }
}

/// Settings of the matrix factorisation that are tried.
public struct FactorizationTrial: Hashable, Sendable {
    public var factors: Int
    public var iterations: Int
    /// How much the pairs of one person that were never seen weigh together, in likes.
    public var unobservedMass: Double
    public var regularization: Double
    public var regularizationExponent: Double

    public init(
        factors: Int, iterations: Int = 12, unobservedMass: Double, regularization: Double, regularizationExponent: Double
    ) {
        self.factors = factors
        self.iterations = iterations
        self.unobservedMass = unobservedMass
        self.regularization = regularization
        self.regularizationExponent = regularizationExponent
    }
}
