import Domain
import LinearMath
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Who suits whom")
struct PreferencesTests {
    private static let moment = Timestamp(seconds: 0)

    private static func user(
        _ id: Int64 = 1, age: Int? = nil, gender: Gender? = nil, location: String? = nil, at place: (Double, Double)? = nil,
        interests: [String] = []
    ) -> User {
        User(
            id: UserID(id), name: "", age: age, gender: gender, location: location,
            coordinate: place.flatMap { Coordinate(latitude: $0.0, longitude: $0.1) }, interests: interests, createdAt: Self.moment)
    }

    @Test(
        "Each rule alone",
        arguments: [
            (Preferences(), Self.user(), nil),
            (Preferences(genders: [.male]), Self.user(gender: .male), nil),
            (Preferences(genders: [.male, .other]), Self.user(gender: .female), .gender),
            (Preferences(genders: [.male]), Self.user(), .gender),
            (Preferences(minimumAge: 30), Self.user(age: 30), nil), (Preferences(minimumAge: 30), Self.user(age: 29), .age),
            (Preferences(maximumAge: 30), Self.user(age: 30), nil), (Preferences(maximumAge: 30), Self.user(age: 31), .age),
            (Preferences(maximumAge: 30), Self.user(), .age),
            (Preferences(requiredInterests: ["tea", "GO"]), Self.user(interests: ["Go", "Tea", "Chess"]), nil),
            (Preferences(requiredInterests: ["Tea", "Go"]), Self.user(interests: ["Tea"]), .requiredInterests),
            (Preferences(excludedInterests: ["TEA"]), Self.user(interests: ["tea"]), .excludedInterests),
            (Preferences(excludedInterests: ["Te"]), Self.user(interests: ["Tea"]), nil),
            (Preferences(maximumDistance: 10), Self.user(at: (52.5, 13.4)), nil),
            (Preferences(maximumDistance: 10), Self.user(at: (53.5, 13.4)), .distance),
            (Preferences(maximumDistance: 10), Self.user(location: "BERLIN"), nil),
            (Preferences(maximumDistance: 10), Self.user(location: "Bern"), .distance),
            (Preferences(maximumDistance: 10), Self.user(), .distance),
        ] as [(Preferences, User, Preferences.Rule?)])
    func rules(preferences: Preferences, other: User, broken: Preferences.Rule?) {
        let own = Self.user(2, location: "Berlin", at: (52.51, 13.41))
        #expect(preferences.broken(by: other, seenFrom: own) == broken)
    }

    @Test("Two who both say what they look for must say the same")
    func intents() {
        func person(_ intent: Intent?) -> Person { Person(Self.user(), Standing(preferences: Preferences(intent: intent))) }
        #expect(person(.dating).suits(person(.dating)) && person(nil).suits(person(.mentoring)) && person(nil).suits(person(nil)))
        #expect(!person(.dating).suits(person(.friendship)))
    }

    @Test("A million random pairs agree with a plain reading of the rules, from both sides")
    func random() {
        var generator = SeededGenerator(seed: 31)
        var people: [Person] = []
        func chance(_ share: Double) -> Bool { generator.uniform() < share }
        func number(_ range: Range<Int>) -> Int { range.lowerBound + Int(generator.uniform() * Double(range.count)) }
        for id in 1...Int64(3000) {
            let names = (0..<12).map { "Interest \($0)" }
            let user = Self.user(
                id, age: chance(0.05) ? nil : number(18..<80), gender: chance(0.05) ? nil : Gender.allCases[number(0..<3)],
                location: chance(0.1) ? nil : "City \(number(0..<4))",
                at: chance(0.2) ? nil : (50 + generator.uniform(), 8 + generator.uniform()),
                interests: names.filter { _ in chance(0.4) }.map { chance(0.5) ? $0.uppercased() : $0 })
            var preferences = Preferences()
            if chance(0.4) { preferences.genders = Gender.allCases.filter { _ in chance(0.6) } }
            if chance(0.3) { preferences.minimumAge = number(18..<50) }
            if chance(0.3) { preferences.maximumAge = number(40..<90) }
            if chance(0.3) { preferences.maximumDistance = 1 + 80 * generator.uniform() }
            if chance(0.2) { preferences.requiredInterests = names.filter { _ in chance(0.15) } }
            if chance(0.2) { preferences.excludedInterests = names.filter { _ in chance(0.1) } }
            if chance(0.3) { preferences.intent = Intent.allCases[number(0..<4)] }
            people.append(Person(user, Standing(preferences: preferences)))
        }
        let plain = people.map(PlainPerson.init)
        var (violations, suiting) = (0, 0)
        for _ in 0..<1_000_000 {
            let (one, other) = (number(0..<people.count), number(0..<people.count))
            let suits = people[one].suits(people[other])
            if suits != (plain[one].accepts(plain[other]) && plain[other].accepts(plain[one])) { violations += 1 }
            if suits { suiting += 1 }
        }
        #expect(violations == 0)
        #expect((100_000...900_000).contains(suiting), "\(suiting): both answers are to be met often")
    }
}

/// The rules written down a second time, without looking at the first.
private struct PlainPerson {
    let person: Person
    let interests: Set<String>
    let required: Set<String>
    let excluded: Set<String>

    init(_ person: Person) {
        self.person = person
        self.interests = Set(person.user.interests.map { $0.lowercased() })
        self.required = Set(person.standing.preferences.requiredInterests.map { $0.lowercased() })
        self.excluded = Set(person.standing.preferences.excludedInterests.map { $0.lowercased() })
    }

    func accepts(_ candidate: PlainPerson) -> Bool {
        let wish = self.person.standing.preferences
        let (own, theirs) = (self.person.user, candidate.person.user)
        let gender = wish.genders.isEmpty || theirs.gender.map { wish.genders.firstIndex(of: $0) != nil } == true
        let lowest = wish.minimumAge.map { minimum in theirs.age.map { $0 >= minimum } ?? false } ?? true
        let highest = wish.maximumAge.map { maximum in theirs.age.map { $0 <= maximum } ?? false } ?? true
        var near = true
        if let limit = wish.maximumDistance {
            if let one = own.coordinate, let two = theirs.coordinate {
                // The spherical law of cosines, where the code has haversines.
                let radians = Double.pi / 180
                let (a, b) = (one.latitude * radians, two.latitude * radians)
                let cosine = sin(a) * sin(b) + cos(a) * cos(b) * cos((one.longitude - two.longitude) * radians)
                near = 6371 * acos(max(-1, min(1, cosine))) <= limit
            } else {
                near = own.location != nil && own.location == theirs.location
            }
        }
        let other = candidate.person.standing.preferences.intent
        let intent = wish.intent == nil || other == nil || wish.intent == other
        return gender && lowest && highest && near && intent && self.required.isSubset(of: candidate.interests)
            && self.excluded.isDisjoint(with: candidate.interests)
    }
}
