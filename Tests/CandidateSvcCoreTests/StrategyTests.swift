import CandidateSvcCore
import Domain
import Testing

@Suite("Sources")
struct StrategyTests {
    @Test("Collaborative: by inner product of source and target factors, inside the filter")
    func collaborative() async throws {
        let community = Community()
        for id: Int64 in 1...6 { community.add(id, age: id == 3 ? 80 : 30) }
        try await community.activate(
            "a",
            [
                1: ([1, 0], [9, 9]), 2: ([0, 1], [0.5, 3]), 3: ([0, 1], [2, 0]), 4: ([0, 1], [1, -5]), 5: ([0, 1], [-1, 7]),
            ])
        try await community.tail.catchUp()
        try await community.loader.refresh()
        let list = community.generator(only: .collaborative).generate(query(1))
        #expect(list.people.map(\.rawValue) == [3, 4, 2, 5])
        #expect(list.modelVersion == "a")
        #expect(list.sources.allSatisfy { $0 == CandidateSources(.collaborative) })
        #expect(community.people(query(1) { $0.filter.ages = 18...40 }, community.generator(only: .collaborative)) == [4, 2, 5])
        #expect(community.people(query(6), community.generator(only: .collaborative)) == [], "Newer than the model: no factors.")
    }

    @Test("Content: rare interests in common, then age and place")
    func content() async throws {
        let community = Community()
        community.add(1, location: "Oslo", interests: ["Chess", "Fado"])
        community.add(2, interests: ["Fado"])
        community.add(3, age: 33, interests: ["Chess"])
        community.add(4, interests: ["chess"])
        community.add(5, location: "oslo")
        community.add(6, interests: ["Tea"])
        try await community.tail.catchUp()
        #expect(community.people(query(1), community.generator(only: .content)) == [2, 4, 3, 5])
    }

    @Test("Social: whom those with the same likes like, and mutual likes of mutual likes")
    func social() async throws {
        let community = Community()
        for id: Int64 in 1...9 { community.add(id) }
        try await community.like(1, [2, 3])
        try await community.like(4, [2, 3, 5])
        try await community.like(6, [3, 7, 8])
        try await community.tail.catchUp()
        let social = community.generator(only: .social)
        #expect(community.people(query(1), social).first == 5, "Two likes in common outweigh one.")
        #expect(Set(community.people(query(1), social)) == [5, 7, 8])
        #expect(community.people(query(9), social) == [])
        // 3 likes 1 back, and 3 and 9 like each other.
        try await community.like(3, [1, 9])
        try await community.like(9, [3])
        try await community.tail.catchUp()
        #expect(community.people(query(1), social).contains(9))
    }

    @Test("Social: the latest likes are followed, and an older one again when a later one is taken back")
    func latestLikes() async throws {
        let community = Community()
        for id: Int64 in 1...100 { community.add(id) }
        // 2 and 3 share one like each with 1: the oldest of 33, and the next.
        for number: Int64 in 0..<33 { try await community.record(.like, 1, 50 + number, secondsAgo: 1000 - 10 * number) }
        try await community.like(2, [50, 4])
        try await community.like(3, [51, 5])
        try await community.tail.catchUp()
        let social = community.generator(only: .social)
        #expect(community.people(query(1), social) == [5])
        try await community.record(.dislike, 1, 60)
        try await community.tail.catchUp()
        #expect(Set(community.people(query(1), social)) == [4, 5])
    }

    @Test("Social: who likes the viewer is not proposed for it")
    func admirers() async throws {
        let community = Community()
        for id: Int64 in 1...4 { community.add(id) }
        try await community.like(1, [2])
        try await community.like(3, [1])
        try await community.tail.catchUp()
        #expect(!community.people(query(1), community.generator(only: .social)).contains(3))
    }

    @Test("Nearby: closest and recently active first")
    func nearby() async throws {
        let community = Community()
        community.add(1, at: (48.0, 11.0))
        community.add(2, at: (48.01, 11.0), activeDaysAgo: 0)
        community.add(3, at: (48.01, 11.0), activeDaysAgo: 90)
        community.add(4, at: (49.0, 11.0), activeDaysAgo: 0)
        community.add(5)
        try await community.tail.catchUp()
        #expect(community.people(query(1), community.generator(only: .nearby)) == [2, 3, 4])
        #expect(community.people(query(5), community.generator(only: .nearby)) == [])
    }

    @Test("Popular: rate and number of likes")
    func popular() async throws {
        let community = Community()
        for id: Int64 in 1...20 { community.add(id) }
        for id: Int64 in 10...19 { try await community.like(id, [2, 3]) }
        for id: Int64 in 4...9 { try await community.record(.dislike, id, 3) }
        try await community.like(10, [4])
        try await community.tail.catchUp()
        #expect(community.people(query(1), community.generator(only: .popular)).prefix(3) == [2, 3, 4])
        // Minds change: the pair counts once, with what was thought last.
        for id: Int64 in 10...19 { try await community.record(.dislike, id, 2) }
        try await community.tail.catchUp()
        #expect(community.people(query(1), community.generator(only: .popular)).prefix(2) == [3, 4])
    }

    @Test("Exploration: the same all day, another the next day, newcomers among the first")
    func exploration() async throws {
        let community = Community()
        for id: Int64 in 1...500 { community.add(id, joinedDaysAgo: id > 480 ? 2 : 300) }
        try await community.tail.catchUp()
        var settings = CandidateSettings()
        settings.shares = [.exploration: 1]
        func list(_ viewer: Int64, at now: Timestamp) -> [Int64] {
            CandidateGenerator(index: community.index, settings: settings, now: { now })
                .generate(query(viewer, limit: 20)).people.map(\.rawValue)
        }
        let today = list(1, at: Community.now)
        #expect(today == list(1, at: Community.now.advanced(by: .seconds(60))))
        #expect(today != list(1, at: Community.now.advanced(by: .seconds(86_400))))
        #expect(today != list(2, at: Community.now))
        #expect(today.count { $0 > 480 } >= 10)
        community.add(501, joinedDaysAgo: 300)
        try await community.tail.catchUp()
        #expect(Set(today).symmetricDifference(list(1, at: Community.now)).count <= 2, "A sign-up changes one place at most.")
    }

    @Test("Similar people: cosine of target factors, profiles without factors, nobody severed")
    func similar() async throws {
        let community = Community()
        for id: Int64 in 1...5 { community.add(id, interests: id > 4 ? ["Go"] : []) }
        community.add(6, interests: ["Go"])
        try await community.record(.block, 4, 1)
        try await community.activate("a", [1: ([1, 0], [1, 1]), 2: ([1, 0], [10, 0]), 3: ([1, 0], [0.1, 0.1]), 4: ([1, 0], [1, 1])])
        try await community.tail.catchUp()
        try await community.loader.refresh()
        let similar = try #require(community.generator().similar(to: UserID(1), limit: 10, viewer: nil))
        #expect(similar.people.map(\.rawValue) == [3, 2])
        #expect(abs(similar.scores[0] - 1) < 1e-5 && abs(similar.scores[1] - 0.7071) < 1e-3)
        let forBlocked = try #require(community.generator().similar(to: UserID(2), limit: 10, viewer: UserID(1)))
        #expect(!forBlocked.people.contains(UserID(4)) && !forBlocked.people.contains(UserID(1)))
        #expect(community.generator().similar(to: UserID(6), limit: 1, viewer: nil)?.people == [UserID(5)])
        #expect(community.generator().similar(to: UserID(77), limit: 1, viewer: nil)?.people == nil)
    }
}
