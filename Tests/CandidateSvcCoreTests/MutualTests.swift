import CandidateSvcCore
import Domain
import LinearMath
import TestKit
import Testing

@Suite("Mutual preferences inside the search")
struct MutualTests {
    private let community = Community()

    private func seek(_ id: Int64, _ preferences: Preferences) async throws {
        #expect(try await self.community.store.setPreferences(preferences, of: UserID(id)))
    }

    private func found(for viewer: Int64, _ source: CandidateSource? = nil) -> Set<Int64> {
        Set(self.community.people(query(viewer), source.map { self.community.generator(only: $0) }))
    }

    @Test("A change is followed, and what is taken back is forgotten")
    func changes() async throws {
        for id: Int64 in 1...6 {
            self.community.add(id, age: 20 + Int(id), gender: id % 2 == 0 ? .female : .male, location: "Rome", interests: ["Tea"])
        }
        try await self.seek(1, Preferences(genders: [.female]))
        try await self.seek(2, Preferences(genders: [.female]))
        try await self.seek(4, Preferences(maximumAge: 20))
        try await self.community.tail.catchUp()
        #expect(self.found(for: 1) == [6])
        #expect(self.found(for: 3) == [1, 5, 6].filter { $0 != 1 }.reduce(into: Set()) { $0.insert($1) })
        try await self.seek(1, Preferences())
        try await self.seek(2, Preferences(genders: [.male], requiredInterests: ["TEA"], excludedInterests: ["Golf"]))
        try await self.seek(4, Preferences(isPaused: true))
        try await self.community.tail.catchUp()
        #expect(self.found(for: 1) == [2, 3, 5, 6])
        #expect(self.found(for: 4) == [1, 3, 5, 6], "Who paused still looks, and is seen by nobody.")
        try await self.seek(2, Preferences(requiredInterests: ["Chess"]))
        try await self.seek(4, Preferences())
        try await self.community.tail.catchUp()
        #expect(self.found(for: 1) == [3, 4, 5, 6])
        _ = try await self.community.store.setBan(true, of: UserID(6))
        _ = try await self.community.store.erase(UserID(4))
        try await self.community.tail.catchUp()
        #expect(self.found(for: 1) == [3, 5])
        _ = try await self.community.store.setBan(false, of: UserID(6))
        try await self.community.tail.catchUp()
        #expect(self.found(for: 1) == [3, 5, 6])
    }

    @Test("In a random community every source proposes whom both sides seek, all of them, and nobody else")
    func random() async throws {
        var generator = SeededGenerator(seed: 5)
        func chance(_ share: Double) -> Bool { generator.uniform() < share }
        func number(_ range: Range<Int>) -> Int { range.lowerBound + Int(generator.uniform() * Double(range.count)) }
        let names = (0..<10).map { "Interest \($0)" }
        let count: Int64 = 1000
        for id in 1...count {
            self.community.add(
                id, age: chance(0.1) ? nil : number(18..<70), gender: chance(0.1) ? nil : Gender.allCases[number(0..<3)],
                location: chance(0.1) ? nil : "City \(number(0..<4))",
                at: chance(0.3) ? nil : (50 + 2 * generator.uniform(), 8 + 2 * generator.uniform()),
                interests: names.filter { _ in chance(0.4) }, activeDaysAgo: Int64(number(0..<30)))
            var preferences = Preferences(isPaused: chance(0.05))
            if chance(0.4) { preferences.genders = Gender.allCases.filter { _ in chance(0.6) } }
            if chance(0.3) { preferences.minimumAge = number(18..<40) }
            if chance(0.3) { preferences.maximumAge = number(40..<90) }
            if chance(0.4) { preferences.maximumDistance = 5 + 150 * generator.uniform() }
            if chance(0.2) { preferences.requiredInterests = names.filter { _ in chance(0.15) } }
            if chance(0.2) { preferences.excludedInterests = names.filter { _ in chance(0.1) } }
            if chance(0.3) { preferences.intent = Intent.allCases[number(0..<4)] }
            try await self.seek(id, preferences)
        }
        let community = self.community
        try await LogTail(log: community.store, index: community.index, logger: community.logger).catchUp()
        let people = try await community.store.users(after: .start, limit: 5000).entries.compactMap { entry in
            if case .changed(let user, let standing) = entry.event { Person(user, standing) } else { nil }
        }
        #expect(people.count == Int(count))
        var (pairs, suiting) = (0, 0)
        for viewer in people.prefix(100) {
            let expected = Set(
                people.filter { $0.user.id != viewer.user.id && !$0.standing.isHidden && viewer.suits($0) }.map(\.user.id.rawValue))
            pairs += people.count
            suiting += expected.count
            // Exploration may draw anybody who is allowed: with room for all, it proposes exactly those.
            #expect(Set(community.people(query(viewer.user.id.rawValue, limit: 2000), community.generator(only: .exploration))) == expected)
            for source: CandidateSource in [.content, .nearby, .popular] {
                #expect(expected.isSuperset(of: community.people(query(viewer.user.id.rawValue), community.generator(only: source))))
            }
            let alike = community.generator().similar(to: viewer.user.id, limit: 1000, viewer: viewer.user.id)?.people ?? []
            #expect(expected.isSuperset(of: alike.map(\.rawValue)))
        }
        #expect(pairs == 100_000 && suiting > 1000)
    }
}

@Suite("Identifiers of any size")
struct IdentifierTests {
    @Test("People are found whether their identifiers lie close together or far apart, and forgotten when they leave")
    func sparse() async throws {
        let community = Community()
        let ids: [Int64] = [9_000_000_000, 3_000_000, 70_000, 65_535, 65_536, 1, 80_000] + Array(100...400)
        for id in ids { community.add(id) }
        try await community.tail.catchUp()
        #expect(Set(community.people(query(1, limit: 2000))) == Set(ids).subtracting([1]))
        for id: Int64 in [9_000_000_000, 65_535, 70_000] { _ = try await community.store.erase(UserID(id)) }
        try await community.tail.catchUp()
        #expect(Set(community.people(query(1, limit: 2000))) == Set(ids).subtracting([1, 9_000_000_000, 65_535, 70_000]))
        #expect(community.people(query(3_000_000, limit: 2000)).count == ids.count - 4)
    }
}

@Suite("Second chances, and attention shared out")
struct AttentionTests {
    private let community = Community()

    private func settings(_ change: (inout CandidateSettings) -> Void) -> CandidateSettings {
        var settings = CandidateSettings()
        change(&settings)
        return settings
    }

    private func tail(_ following: LogTail.Following) -> LogTail {
        LogTail(
            log: self.community.store, index: self.community.index, following: following, now: { Community.now }, logger: self.community.logger)
    }

    private func show(_ people: [Int64], to viewer: Int64, daysAgo: Int64 = 0, times: Int = 1) async throws {
        let time = Timestamp(seconds: Community.now.rawValue / 1_000_000 - daysAgo * Community.day)
        for number in 0..<times {
            try await self.community.store.append([
                ServedList(
                    requestID: "r\(number)", listID: "l", userID: UserID(viewer), servedAt: time, modelVersion: "m",
                    entries: people.map { .init(userID: UserID($0), score: 0, sources: []) })
            ])
        }
    }

    @Test("A pass is forgotten after some days; a like and a match that was left are not")
    func passes() async throws {
        for id: Int64 in 1...5 { self.community.add(id) }
        try await self.community.record(.dislike, 1, 2, secondsAgo: 31 * Community.day)
        try await self.community.record(.dislike, 1, 3, secondsAgo: 29 * Community.day)
        try await self.community.record(.like, 1, 4, secondsAgo: 31 * Community.day)
        try await self.community.record(.unmatch, 1, 5, secondsAgo: 31 * Community.day)
        try await self.community.tail.catchUp()
        #expect(self.community.people(query(1)) == [])
        #expect(self.community.people(query(1), self.community.generator(self.settings { $0.passReturnDays = 30 })) == [2])
    }

    @Test("Who was shown often without an answer is left out for some days; an answer starts the count anew")
    func fatigue() async throws {
        for id: Int64 in 1...6 { self.community.add(id) }
        try await self.show([2, 3, 4], to: 1, daysAgo: 1, times: 2)
        try await self.show([2, 4], to: 1)
        try await self.show([5], to: 1, daysAgo: 8, times: 9)
        try await self.show([6], to: 2, times: 9)
        try await self.community.record(.dislike, 1, 4)
        let generator = self.community.generator(
            self.settings {
                $0.fatigueImpressions = 3
                $0.reportsExposure = true
                $0.passReturnDays = 1
            })
        try await self.tail(LogTail.Following(impressionDays: 7)).catchUp()
        #expect(Set(self.community.people(query(1), generator)) == [3, 5, 6])
        #expect(Set(self.community.people(query(1) { $0.excludingSeen = false }, generator)) == [2, 3, 4, 5, 6])
        let list = generator.generate(query(3))
        let exposures = Dictionary(uniqueKeysWithValues: zip(list.people.map(\.rawValue), list.exposures))
        #expect(exposures == [1: 0, 2: 1, 4: 1, 5: 0, 6: 9], "of today")
        #expect(list.newcomers == [])
    }

    @Test("Who has been idle is proposed to nobody, until they are back")
    func idle() async throws {
        for id: Int64 in 1...4 { self.community.add(id, activeDaysAgo: id * 10) }
        let tail = self.tail(LogTail.Following(idleDays: 25))
        try await tail.catchUp()
        #expect(self.community.people(query(4)).sorted() == [1, 2])
        try await self.community.record(.like, 3, 1)
        try await tail.catchUp()
        #expect(self.community.people(query(4)).sorted() == [1, 2, 3])
    }

    @Test("A few who like the viewer are brought in, the latest first, and nothing tells them apart")
    func promotions() async throws {
        for id: Int64 in 1...60 { self.community.add(id, gender: id > 50 ? .male : .female) }
        for (index, id) in (Int64(51)...56).enumerated() { try await self.community.record(.like, id, 1, secondsAgo: Int64(100 - index)) }
        try await self.community.record(.dislike, 1, 56)
        try await self.community.like(1, 2...6)
        try await self.community.tail.catchUp()
        let plain = self.community.generator().generate(query(1, limit: 10))
        #expect(plain.promoted == [])
        let list = self.community.generator(self.settings { $0.promotions = 3 }).generate(query(1, limit: 10))
        #expect(list.promoted.map(\.rawValue) == [55, 54, 53])
        #expect(Set(list.people).isSuperset(of: list.promoted) && list.people.count == 10 && Set(list.people).count == 10)
        #expect(list.sources.allSatisfy { !$0.isEmpty })
    }

    @Test("An operator is told every rule that keeps somebody out, and who proposes whom")
    func why() async throws {
        self.community.add(1, age: 30, gender: .male, location: "Rome", at: (41.9, 12.5), interests: ["Tea"])
        for id: Int64 in 2...9 { self.community.add(id, age: 30, gender: .female, location: "Rome", interests: ["Tea"]) }
        let store = self.community.store
        _ = try await store.setPreferences(Preferences(maximumAge: 35, intent: .dating), of: UserID(1))
        _ = try await store.setPreferences(Preferences(genders: [.female], intent: .friendship), of: UserID(2))
        _ = try await store.setPreferences(Preferences(isPaused: true), of: UserID(3))
        _ = try await store.update(UserID(4), UserChange(age: 40))
        try await self.community.record(.block, 5, 1)
        try await self.community.record(.report, 1, 5)
        try await self.community.record(.dislike, 1, 6)
        try await self.show([7], to: 1, times: 4)
        try await self.tail(LogTail.Following(impressionDays: 7)).catchUp()
        let generator = self.community.generator(self.settings { $0.fatigueImpressions = 4 })
        let filtered = query(1, limit: 20) { $0.filter.gender = .male }
        let rules = (1...8).map { generator.why(query(1, limit: 20), target: UserID($0))?.rules ?? ["unknown"] }
        #expect(
            rules == [
                ["self"], ["target_seeks.gender", "intent"], ["hidden"], ["viewer_seeks.age"], ["reported_by_viewer", "blocked_by_target"],
                ["seen.pass"], ["fatigue"], [],
            ])
        #expect(generator.why(filtered, target: UserID(8))?.rules == ["filter.gender"])
        #expect(generator.why(filtered, target: UserID(99)) == nil)
        let found = try #require(generator.why(query(1, limit: 20), target: UserID(8)))
        let list = generator.generate(query(1, limit: 20))
        #expect(found.rank > 0 && list.people[found.rank - 1] == UserID(8) && found.count == list.people.count)
        #expect(found.proposals.contains { $0.source == .content && $0.rank > 0 && $0.found == 2 })
        #expect(!found.isOutsideTaste && found.impressions == 0)
    }
}
