public import Domain

#if canImport(Glibc)
    internal import Glibc
#endif

/// What decides in the demo community, known to the last digit, so that a recommender can be compared with an oracle.
///
/// The utility of b for a is
///
///     1.3 · taste(a)·traits(b) + 1.2 · attractiveness(b) + age + distance + 0.3 · min(shared interests, 4) − choosiness(a)
///
/// with age = −½ · ((age(b) − preferred(a)) / tolerance(a))², at least −6, and distance = −0.4 · ln(1 + km / 15).
/// Having noticed b, a likes b with probability 1 / (1 + e^−utility); whom a notices follows from the utility, too.
public struct Truth: Sendable {
    /// In ascending order of identifier, 1 first.
    public let people: [SimulatedPerson]

    // Columns of what a utility needs, one entry or row a person: a simulation asks for many millions.
    private let tastes: [Float]
    private let traits: [Float]
    private let positions: [SIMD3<Double>]
    private let interests: [SIMD2<UInt64>]
    private let ages: [Float]
    private let preferredAges: [Float]
    private let ageTolerances: [Float]
    private let attractiveness: [Float]
    private let choosiness: [Float]

    public init(people: [SimulatedPerson]) {
        self.people = people
        self.tastes = people.flatMap(\.taste)
        self.traits = people.flatMap(\.traits)
        self.ages = people.map { Float($0.age) }
        self.preferredAges = people.map(\.preferredAge)
        self.ageTolerances = people.map(\.ageTolerance)
        self.attractiveness = people.map(\.attractiveness)
        self.choosiness = people.map(\.choosiness)
        self.positions = people.map { person in
            let latitude = person.coordinate.latitude * .pi / 180
            let longitude = person.coordinate.longitude * .pi / 180
            return SIMD3(cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude))
        }
        self.interests = people.map { person in
            person.interests.reduce(into: SIMD2<UInt64>()) { set, interest in set[interest >> 6 & 1] |= 1 << UInt64(interest & 63) }
        }
    }

    /// The index of a person; `nil` if there is none of that identifier.
    public func index(of id: UserID) -> Int? {
        let index = Int(id.rawValue) - 1
        return self.people.indices.contains(index) && self.people[index].id == id ? index : nil
    }

    /// How much the person at index `first` would like the one at `second`, as log-odds. Says nothing about whether they would meet.
    public func utility(of second: Int, for first: Int) -> Double {
        let width = SimulatedPerson.traitCount
        var match: Float = 0
        for index in 0..<width { match += self.tastes[first * width + index] * self.traits[second * width + index] }
        let offset = self.positions[first] - self.positions[second]
        let chord = (offset * offset).sum().squareRoot()
        let kilometres = 2 * 6371 * asin(min(1, chord / 2))
        let common = self.interests[first] & self.interests[second]
        let shared = min(4, common.x.nonzeroBitCount + common.y.nonzeroBitCount)
        let gap = (self.ages[second] - self.preferredAges[first]) / self.ageTolerances[first]
        let age = -min(6, 0.5 * Double(gap * gap))
        return 1.3 * Double(match) + 1.2 * Double(self.attractiveness[second]) + age - 0.4 * log1p(kilometres / 15)
            + 0.3 * Double(shared) - Double(self.choosiness[first])
    }
}
