public import Domain
internal import LinearMath

/// A made-up community: people, what they did, what was held out, and why.
public struct Community: Sendable {
    public let options: SimulationOptions
    /// As others see them, in ascending order of identifier.
    public let users: [User]
    /// In order of time. Identifiers count from 1.
    public let interactions: [Interaction]
    /// Likes of each person, drawn at random; no pair of them occurs in ``interactions`` in this direction.
    public let heldOut: [Interaction]
    public let truth: Truth

    /// Makes a community.
    ///
    /// - Parameter progress: Called now and then with the share that is done, 0 to 1.
    /// - Throws: ``SimulationError`` if the options make no sense.
    public init(_ options: SimulationOptions, progress: (Double) -> Void = { _ in }) throws(SimulationError) {
        try options.validate()
        self.options = options
        var population = PopulationGenerator(options: options)
        var people: [SimulatedPerson] = []
        var users: [User] = []
        for id in 1...Int64(options.people) {
            let (person, user) = population.person(id)
            people.append(person)
            users.append(user)
        }
        progress(0.2)
        let truth = Truth(people: people)
        var story = Story(truth: truth, users: users, options: options)
        let events = story.play { progress(0.2 + 0.8 * $0) }
        (self.interactions, self.heldOut) = Self.split(events, people: people.count, options: options)
        for event in self.interactions {
            let sender = Int(event.userID.rawValue) - 1
            users[sender].lastActiveAt = max(users[sender].lastActiveAt ?? event.timestamp, event.timestamp)
        }
        self.users = users
        self.truth = truth
    }

    /// Takes some likes of each person away, and the first rows until as many are left as were asked for.
    private static func split(
        _ events: [Story.Event], people: Int, options: SimulationOptions
    ) -> (kept: [Interaction], heldOut: [Interaction]) {
        var generator = SeededGenerator(seed: options.seed, stream: 2)
        var left = [Int](repeating: options.heldOutPerPerson, count: people)
        var isHeldOut = [Bool](repeating: false, count: events.count)
        var kept = events.count
        for index in events.indices.filter({ events[$0].kind.isPositive }).shuffled(using: &generator) {
            guard left[Int(events[index].person)] > 0 else { continue }
            left[Int(events[index].person)] -= 1
            isHeldOut[index] = true
            kept -= 1
        }
        var surplus = max(0, kept - options.interactions)
        var interactions: [Interaction] = []
        var heldOut: [Interaction] = []
        interactions.reserveCapacity(kept - surplus)
        for (index, event) in events.enumerated() {
            if isHeldOut[index] {
                heldOut.append(event.interaction(id: Int64(heldOut.count) + 1))
            } else if surplus > 0 {
                surplus -= 1
            } else {
                interactions.append(event.interaction(id: Int64(interactions.count) + 1))
            }
        }
        return (interactions, heldOut)
    }
}
