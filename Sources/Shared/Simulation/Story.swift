internal import Domain
internal import LinearMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Plays what people did, event by event in order of time, so that answers follow what they answer.
struct Story {
    struct Event {
        var person: Int32
        var target: Int32
        var kind: InteractionKind
        /// Since 1970.
        var seconds: Int64

        func interaction(id: Int64) -> Interaction {
            Interaction(
                id: id, userID: UserID(Int64(self.person) + 1), targetUserID: UserID(Int64(self.target) + 1), kind: self.kind,
                timestamp: Timestamp(seconds: self.seconds))
        }
    }

    /// A moment at which a person looks at somebody.
    private struct Slot {
        var seconds: Int64
        var person: Int32
    }

    private let truth: Truth
    private let users: [User]
    private let options: SimulationOptions
    private let encounters: Encounters
    private var generator: SeededGenerator

    init(truth: Truth, users: [User], options: SimulationOptions) {
        self.truth = truth
        self.users = users
        self.options = options
        let indices = Dictionary(uniqueKeysWithValues: Place.all.enumerated().map { ($1.name, $0) })
        self.encounters = Encounters(truth: truth, places: users.map { $0.location.flatMap { indices[$0] } ?? 0 })
        self.generator = SeededGenerator(seed: options.seed, stream: 1)
    }

    mutating func play(progress: (Double) -> Void) -> [Event] {
        let slots = self.slots()
        var seen = [Set<Int32>](repeating: [], count: self.truth.people.count)
        var admirers = [[Int32]](repeating: [], count: self.truth.people.count)
        var events: [Event] = []
        events.reserveCapacity(slots.count)
        for (number, slot) in slots.enumerated() {
            if number % 50_000 == 0 { progress(Double(number) / Double(slots.count)) }
            let person = Int(slot.person)
            let other = self.encounters.next(for: person, admirers: &admirers[person], generator: &self.generator) {
                seen[person].contains(Int32($0))
            }
            guard let other else { continue }
            seen[person].insert(Int32(other))
            let kind = self.reaction(of: person, to: other)
            if kind.isPositive { admirers[other].append(Int32(person)) }
            events.append(Event(person: slot.person, target: Int32(other), kind: kind, seconds: slot.seconds))
        }
        return events
    }

    private mutating func reaction(of person: Int, to other: Int) -> InteractionKind {
        let utility = self.truth.utility(of: other, for: person)
        let likes = self.generator.uniform() < 1 / (1 + exp(-utility))
        let mood = self.generator.uniform()
        if likes { return utility > 1.5 && mood < 0.15 ? .superLike : .like }
        return mood < 0.004 ? .block : .dislike
    }

    /// As many moments as it takes for the log and the likes to be held out, in order of time.
    private mutating func slots() -> [Slot] {
        let total = self.truth.people.reduce(0.0) { $0 + Double($1.activity) }
        guard total > 0, self.options.interactions > 0 else { return [] }
        // Somebody who finds nobody new leaves a gap, hence a few more than are due.
        let wanted = 1.03 * Double(self.options.interactions)
        var slots: [Slot] = []
        var due = 0.0
        var given = 0
        for (index, person) in self.truth.people.enumerated() {
            due += Double(person.activity) / total * wanted
            let count = Int(due.rounded()) - given
            given += count
            guard count > 0 else { continue }
            let begin = max(self.users[index].createdAt, self.options.end.advanced(by: .seconds(-86_400 * self.options.days)))
            let length = Double(self.options.end.rawValue - begin.rawValue) / 1_000_000
            // Some left long ago, most were here this week.
            let stay = length * (1 - 0.9 * pow(self.generator.uniform(), 4))
            for _ in 0..<(count + self.options.heldOutPerPerson) {
                slots.append(
                    Slot(seconds: begin.rawValue / 1_000_000 + Int64(self.moment(within: stay)), person: Int32(index)))
            }
        }
        // The order of equal moments is settled too, so that the result doesn't hang on the sorting algorithm.
        slots.sort { ($0.seconds, $0.person) < ($1.seconds, $1.person) }
        return slots
    }

    /// Seconds after the beginning, evenings rather than mornings.
    private mutating func moment(within length: Double) -> Double {
        while true {
            let seconds = self.generator.uniform() * length
            let hour = seconds.truncatingRemainder(dividingBy: 86_400) / 3600
            if length < 172_800 || self.generator.uniform() < 0.55 - 0.45 * cos((hour - 8) * .pi / 12) { return seconds }
        }
    }
}
