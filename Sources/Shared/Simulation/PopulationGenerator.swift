internal import Domain
internal import LinearMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Draws the people of a community.
struct PopulationGenerator {
    private var generator: SeededGenerator
    private let options: SimulationOptions
    /// Where in the space of traits people gather, and how they mix.
    private let scenes: [[Double]]

    init(options: SimulationOptions) {
        self.options = options
        self.generator = SeededGenerator(seed: options.seed)
        var generator = self.generator
        self.scenes = (0..<12).map { _ in (0..<SimulatedPerson.traitCount).map { _ in generator.gaussian() } }
        self.generator = generator
    }

    /// One person and how others see them.
    mutating func person(_ id: Int64) -> (SimulatedPerson, User) {
        let gender = self.gender()
        let age = self.age()
        let place = self.weighted(Place.all, by: \.weight)
        let traits = self.traits()
        let interests = self.interests(traits)
        let person = SimulatedPerson(
            id: UserID(id), age: age, gender: gender, seeks: self.seeks(gender), coordinate: self.coordinate(near: place),
            interests: interests, traits: traits.map { Float($0) }, taste: self.taste(of: traits).map { Float($0) },
            attractiveness: Float(self.generator.gaussian()), choosiness: Float(self.choosiness(of: gender)),
            preferredAge: Float(max(18, Double(age) + self.ageOffset(of: gender))),
            ageTolerance: Float(max(2, 3.5 + 0.06 * Double(age - 18) + 0.8 * self.generator.gaussian())), activity: self.activity())
        let user = User(
            id: person.id, name: self.name(gender), age: age, gender: gender, location: place.name, coordinate: person.coordinate,
            bio: self.biography(traits), interests: self.shuffled(interests).map { Vocabulary.interests[$0] }, createdAt: self.signUp())
        return (person, user)
    }

    private mutating func gender() -> Gender {
        let draw = self.generator.uniform()
        return draw < 0.51 ? .male : draw < 0.98 ? .female : .other
    }

    private mutating func seeks(_ gender: Gender) -> Set<Gender> {
        let draw = self.generator.uniform()
        switch gender {
        case .male: return draw < 0.88 ? [.female] : draw < 0.94 ? [.male] : Set(Gender.allCases)
        case .female: return draw < 0.87 ? [.male] : draw < 0.92 ? [.female] : Set(Gender.allCases)
        case .other: return draw < 0.6 ? Set(Gender.allCases) : draw < 0.8 ? [.male, .other] : [.female, .other]
        }
    }

    /// 18 to 70, most around 30.
    private mutating func age() -> Int {
        let draw = -log(1 - self.generator.uniform()) - log(1 - self.generator.uniform())
        return 18 + min(52, Int(6.5 * draw))
    }

    private mutating func ageOffset(of gender: Gender) -> Double {
        let mean = gender == .male ? -2.0 : gender == .female ? 1.5 : 0
        return mean + 2 * self.generator.gaussian()
    }

    private mutating func traits() -> [Double] {
        let scene = self.scenes[Int(self.generator.next() % UInt64(self.scenes.count))]
        return scene.map { 0.75 * $0 + 0.66 * self.generator.gaussian() }
    }

    /// People like their own kind a little, and what nobody would guess a lot. Of length 1.
    private mutating func taste(of traits: [Double]) -> [Double] {
        let direction = traits.map { 0.6 * $0 + self.generator.gaussian() }
        let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return direction.map { $0 / max(norm, 1e-9) }
    }

    private mutating func choosiness(of gender: Gender) -> Double {
        0.8 + 0.8 * self.generator.gaussian() + (gender == .female ? 0.5 : gender == .male ? -0.3 : 0)
    }

    /// Pareto with exponent 1.8, cut at 40; one in fifty has only just arrived.
    private mutating func activity() -> Float {
        let pareto = min(40, pow(1 - self.generator.uniform(), -1 / 1.8))
        return self.generator.uniform() < 0.02 ? 0 : Float(pareto)
    }

    /// Three to nine interests, the more likely the closer they are to the traits.
    private mutating func interests(_ traits: [Double]) -> [Int] {
        let count = 3 + Int(self.generator.next() % 7)
        return self.closest(to: traits, count: count, sharpness: 1.4).sorted()
    }

    /// The best of the vocabulary for these traits, by the Gumbel-top-k trick: a draw without replacement from a softmax.
    private mutating func closest(to traits: [Double], count: Int, sharpness: Double) -> [Int] {
        let scores = Vocabulary.directions.map { direction in
            var affinity = 0.0
            for index in direction.indices { affinity += Double(direction[index]) * traits[index] }
            return sharpness * affinity - log(-log(max(1e-12, self.generator.uniform())))
        }
        return Array(scores.indices.sorted { scores[$0] > scores[$1] }.prefix(count))
    }

    private mutating func biography(_ traits: [Double]) -> String? {
        guard self.generator.uniform() < 0.85 else { return nil }
        let words = self.closest(to: traits, count: 3 + Int(self.generator.next() % 4), sharpness: 1.4).map { Vocabulary.words[$0] }
        let opening = self.element(of: Vocabulary.openings)
        let list = words.dropLast().joined(separator: ", ") + " and " + (words.last ?? "")
        return "\(opening) \(list). \(self.element(of: Vocabulary.closings))"
    }

    private mutating func name(_ gender: Gender) -> String {
        switch gender {
        case .male: self.element(of: Vocabulary.maleNames)
        case .female: self.element(of: Vocabulary.femaleNames)
        case .other: self.element(of: Vocabulary.otherNames)
        }
    }

    /// Around the centre with a standard deviation of about 7 km, to four decimals (11 m).
    private mutating func coordinate(near place: Place) -> Coordinate {
        func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
        let north = 7 / 111.2 * self.generator.gaussian()
        let east = 7 / (111.2 * cos(place.latitude * .pi / 180)) * self.generator.gaussian()
        let coordinate = Coordinate(latitude: rounded(place.latitude + north), longitude: rounded(place.longitude + east))
        guard let coordinate else { preconditionFailure("Places of the demo community lie far from the poles.") }
        return coordinate
    }

    /// Most were there before the story began, in whole seconds.
    private mutating func signUp() -> Timestamp {
        let days = Double(self.options.days)
        let age = self.generator.uniform() < 0.75 ? days + 400 * self.generator.uniform() : 2 + (days - 2) * self.generator.uniform()
        return self.options.end.advanced(by: .seconds(-Int64(max(0.1, age) * 86_400)))
    }

    private mutating func shuffled(_ values: [Int]) -> [Int] { values.shuffled(using: &self.generator) }

    private mutating func element(of values: [String]) -> String { values[Int(self.generator.next() % UInt64(values.count))] }

    private mutating func weighted<Element>(_ values: [Element], by weight: (Element) -> Double) -> Element {
        var rest = self.generator.uniform() * values.reduce(0) { $0 + weight($1) }
        for value in values {
            rest -= weight(value)
            if rest < 0 { return value }
        }
        return values[values.count - 1]
    }
}
