import CandidateSvcCore
import Domain
import LinearMath
import TestKit
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Sources compared with plain computations over all people of a random community.
@Suite("Sources against their definitions")
struct ReferenceTests {
    private let community = Community()
    private let people: [User]
    /// The last like or pass of each ordered pair.
    private let opinions: [Int64: [Int64: InteractionKind]]

    /// People of all genders, ages and places, some of them unknown; nobody gives enough likes for tastes to be inferred.
    init() async throws {
        var generator = SeededGenerator(seed: 77)
        var opinions: [Int64: [Int64: InteractionKind]] = [:]
        func skewed(_ count: Int) -> Int { Int(Double(count) * generator.uniform() * generator.uniform()) }
        func isRare() -> Bool { generator.uniform() < 0.1 }
        for id in 1...Int64(1500) {
            let city = skewed(12)
            let center = (45 + Double(city * 7 % 12) / 3, 8 + Double(city) / 2)
            self.community.add(
                id, age: isRare() ? nil : 18 + skewed(60), gender: isRare() ? nil : Gender.allCases[skewed(3)],
                location: isRare() ? nil : "City \(city)",
                at: isRare() ? nil : (center.0 + 0.1 * generator.gaussian(), center.1 + 0.1 * generator.gaussian()),
                interests: (0..<skewed(9)).map { _ in "Interest \(skewed(60))" }, joinedDaysAgo: Int64(40 + skewed(400)),
                activeDaysAgo: isRare() ? nil : Int64(skewed(40)))
        }
        for id in 1...Int64(1500) {
            for _ in 0..<3 {
                let target = Int64(1 + skewed(1500))
                guard target != id, opinions[id]?[target] == nil else { continue }
                let kind: InteractionKind = generator.uniform() < 0.7 ? .like : .dislike
                opinions[id, default: [:]][target] = kind
                try await self.community.record(kind, id, target)
            }
        }
        let store = self.community.store
        try await LogTail(log: store, index: self.community.index, logger: self.community.logger).catchUp()
        self.people = try await store.users(after: .start, limit: 5000).entries.compactMap { entry in
            if case .changed(let user, _) = entry.event { user } else { nil }
        }
        self.opinions = opinions
    }

    /// Compares a source's lists for some viewers and filters with the best by `score`; `nil` is not proposed at all.
    private func check(_ source: CandidateSource, _ score: (_ viewer: User, _ other: User) -> Double?) {
        let generator = self.community.generator(only: source)
        let byID = Dictionary(uniqueKeysWithValues: self.people.map { ($0.id, $0) })
        for (number, viewer) in self.people.enumerated() where number % 31 == 0 {
            let ages = number % 2 == 0 ? nil : 20...40
            let limit = [1, 10, 60, 400, 2000][number / 31 % 5]
            let found = generator.generate(query(viewer.id.rawValue, limit: limit) { $0.filter.ages = ages }).people
            let expected = self.people.filter { other in
                other.id != viewer.id && self.opinions[viewer.id.rawValue]?[other.id.rawValue] == nil
                    && (ages == nil || other.age.map { ages?.contains($0) ?? true } ?? false)
            }
            .compactMap { score(viewer, $0) }.sorted(by: >).prefix(limit)
            let scores = found.compactMap { id in byID[id].flatMap { score(viewer, $0) } }
            #expect(scores.count == found.count && Set(found).count == found.count, "\(source) proposes nobody whom it must not.")
            #expect(scores.count == expected.count, "\(source), limit \(limit)")
            // Who is worth the same may come in any order.
            let differences = zip(scores, expected).map { abs($0 - $1) }
            #expect(differences.allSatisfy { $0 < 1e-5 }, "\(source), limit \(limit), viewer \(viewer.id)")
        }
    }

    @Test("Content finds the people with the best sums")
    func content() {
        var holders: [String: Int] = [:]
        for person in self.people { for interest in Set(person.interests) { holders[interest, default: 0] += 1 } }
        func weight(_ interest: String) -> Double { log1p(Double(self.people.count) / Double(holders[interest, default: 0] + 1)) }
        self.check(.content) { viewer, other in
            let mine = Set(viewer.interests)
            let common = mine.intersection(other.interests)
            let isSamePlace = viewer.location != nil && viewer.location == other.location
            guard !common.isEmpty || isSamePlace else { return nil }
            let total = mine.sorted().reduce(0) { $0 + weight($1) }
            var score = total > 0 ? common.sorted().reduce(0) { $0 + weight($1) } / total : 0
            if isSamePlace { score += 0.2 }
            if let mine = viewer.age, let theirs = other.age {
                let years = Double(abs(mine - theirs)) / 5
                score += 0.3 / (1 + years * years)
            }
            return score
        }
    }

    @Test("Nearby finds those of the greatest closeness and recency")
    func nearby() {
        // Somebody without a coordinate is where the first person of the same place is.
        var places: [String: Coordinate] = [:]
        for person in self.people {
            if let location = person.location, let coordinate = person.coordinate, places[location] == nil { places[location] = coordinate }
        }
        func position(_ person: User) -> Coordinate? { person.coordinate ?? person.location.flatMap { places[$0] } }
        self.check(.nearby) { viewer, other in
            guard let origin = position(viewer), let place = position(other) else { return nil }
            // Chords, in units of what 25 km make: over a few hundred kilometres the arc is as good.
            let distance = origin.kilometres(to: place) / 25
            let idle = max(0, Community.now.rawValue - self.lastActive(other).rawValue)
            return 1 / (1 + distance * distance) / (1 + Double(idle) / (14 * 86_400_000_000))
        }
    }

    /// The profile's activity, or the latest interaction: all of those happened just now.
    private func lastActive(_ person: User) -> Timestamp {
        self.opinions[person.id.rawValue] == nil ? person.lastActiveAt ?? person.createdAt : Community.now
    }

    @Test("Popular finds those of the best rate and number of likes")
    func popular() {
        var received: [Int64: (likes: Double, passes: Double)] = [:]
        for (_, targets) in self.opinions {
            for (target, kind) in targets {
                if kind == .like { received[target, default: (0, 0)].likes += 1 } else { received[target, default: (0, 0)].passes += 1 }
            }
        }
        self.check(.popular) { _, other in
            let (likes, passes) = received[other.id.rawValue] ?? (0, 0)
            return (likes + 5) / (likes + passes + 10) * log1p(likes)
        }
    }

    @Test("Exploration fills its list with different people who are allowed, however few those are")
    func exploration() {
        self.check(.exploration) { _, _ in 1 }
    }
}
