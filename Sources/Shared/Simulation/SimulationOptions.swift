public import Domain

/// What community to make.
public struct SimulationOptions: Hashable, Sendable {
    /// People get the identifiers 1…`people`.
    public var people: Int
    /// Rows of the interaction log; held-out likes come on top.
    public var interactions: Int
    /// Equal options give equal communities, to the byte.
    public var seed: UInt64
    /// When the story ends; it began ``days`` before.
    public var end: Timestamp
    public var days: Int
    /// How many likes of each person are held out at most.
    public var heldOutPerPerson: Int

    public init(
        people: Int = 20_000, interactions: Int = 400_000, seed: UInt64 = 1, end: Timestamp = Timestamp(seconds: 1_767_225_600),
        days: Int = 180, heldOutPerPerson: Int = 5
    ) {
        self.people = people
        self.interactions = interactions
        self.seed = seed
        self.end = end
        self.days = days
        self.heldOutPerPerson = heldOutPerPerson
    }

    /// - Throws: ``SimulationError`` with a sentence if no community can be made of these.
    public func validate() throws(SimulationError) {
        guard (1...5_000_000).contains(self.people) else { throw SimulationError("A community has 1 to 5,000,000 people.") }
        guard (0...500_000_000).contains(self.interactions) else { throw SimulationError("Interactions must be 0 to 500,000,000.") }
        guard (1...3650).contains(self.days) else { throw SimulationError("The story must last 1 to 3650 days.") }
        guard (0...1000).contains(self.heldOutPerPerson) else { throw SimulationError("0 to 1000 likes a person can be held out.") }
    }
}
