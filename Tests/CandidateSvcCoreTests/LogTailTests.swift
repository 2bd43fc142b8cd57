import CandidateSvcCore
import Domain
import TestKit
import Testing

@Suite("Following the log")
struct LogTailTests {
    @Test("New people, changed profiles and erasures arrive")
    func people() async throws {
        let community = Community()
        for id: Int64 in 1...20 { community.add(id, age: 30) }
        try await community.tail.catchUp()
        #expect(community.index.isCaughtUp && community.index.status.people == 20)
        let old = query(1) { $0.filter.ages = 50...60 }
        #expect(community.people(old) == [])
        _ = try await community.store.update(UserID(5), UserChange(age: 55, location: "Rome", interests: ["Chess"]))
        community.add(21, age: 51)
        try await community.tail.catchUp()
        #expect(Set(community.people(old)) == [5, 21])
        try await community.like(5, [1, 2])
        try await community.like(3, [5, 21])
        try await community.record(.block, 5, 9)
        try await community.tail.catchUp()
        #expect(community.index.status.opinions == 4 && community.index.status.severances == 1)
        _ = try await community.store.erase(UserID(5))
        try await community.tail.catchUp()
        let status = community.index.status
        #expect(status.people == 20 && status.opinions == 1 && status.severances == 0)
        #expect(!community.people(query(1)).contains(5))
        #expect(community.people(query(1) { $0.filter.location = "rome" }) == [])
        #expect(community.people(query(1) { $0.filter.interest = "chess" }) == [])
    }

    @Test("The latest event of a pair counts, whenever it was recorded; a block takes the opinion back")
    func order() async throws {
        let community = Community()
        for id: Int64 in 1...3 { community.add(id) }
        try await community.record(.dislike, 1, 2, secondsAgo: 10)
        try await community.record(.like, 1, 2, secondsAgo: 50)
        try await community.like(3, [2])
        try await community.tail.catchUp()
        // The late record of an earlier like leaves the pass alone: 1 and 3 have no like in common.
        #expect(community.people(query(3), community.generator(only: .social)) == [])
        try await community.record(.block, 1, 2)
        try await community.tail.catchUp()
        #expect(community.index.status.opinions == 1)
    }

    @Test("Interactions of people whose profile comes later are kept")
    func interactionBeforeProfile() async throws {
        let index = CandidateIndex()
        let like = Interaction(id: 1, userID: UserID(1), targetUserID: UserID(2), kind: .like, timestamp: Community.now)
        index.apply(
            LogBatch(entries: [LogEntry(position: LogPosition(transaction: 5, id: 1), event: like)], horizon: 6), isComplete: true)
        #expect(index.status.people == 0 && index.status.opinions == 1)
        let users = (1...3).map { id in
            LogEntry(
                position: LogPosition(transaction: 7, id: id),
                event: UserEvent.changed(User(id: UserID(id), name: "", createdAt: Community.now)))
        }
        index.apply(LogBatch(entries: users, horizon: 8), isComplete: true)
        let generator = CandidateGenerator(index: index, now: { Community.now })
        #expect(generator.generate(query(1)).people == [UserID(3)])
        #expect(index.status.position == 5)
        // Erased is erased, whatever an older page still brings.
        index.apply(
            LogBatch(entries: [LogEntry(position: LogPosition(transaction: 9, id: 3), event: .erased(UserID(3)))], horizon: 10),
            isComplete: true)
        let late = Interaction(id: 2, userID: UserID(3), targetUserID: UserID(1), kind: .like, timestamp: Community.now)
        index.apply(
            LogBatch(entries: [LogEntry(position: LogPosition(transaction: 8, id: 2), event: late)], horizon: 11), isComplete: true)
        #expect(index.status.opinions == 1 && index.status.people == 2)
        #expect(index.status.position == 9)
    }

    @Test("Half a page moves no horizon; a failing store loses nothing")
    func failure() async throws {
        let community = Community()
        for id: Int64 in 1...10 { community.add(id) }
        community.store.fail(with: RepositoryError(.unavailable))
        await #expect(throws: RepositoryError.self) { try await community.tail.catchUp() }
        #expect(!community.index.isCaughtUp && community.index.status.position == 0)
        community.store.fail(with: nil)
        try await community.tail.catchUp()
        #expect(community.index.status.people == 10)
        try await community.tail.catchUp()
        #expect(community.index.status.people == 10)
    }

    @Test("Factors of erased people don't come back with a model")
    func erasedFactors() async throws {
        let community = Community()
        for id: Int64 in 1...5 { community.add(id) }
        try await community.tail.catchUp()
        let loader = community.loader
        #expect(!loader.isReady)
        #expect(try await !loader.refresh())
        #expect(loader.isReady, "Without a model the other sources serve.")
        try await community.activate("a", Dictionary(uniqueKeysWithValues: (1...5).map { (Int64($0), ([1, 0], [1, Float($0)])) }))
        try await loader.refresh()
        #expect(community.index.status.factors == 5 && community.index.status.modelVersion == "a")
        _ = try await community.store.erase(UserID(2))
        try await community.tail.catchUp()
        #expect(community.index.status.factors == 4)
        #expect(!community.people(query(1), community.generator(only: .collaborative)).contains(2))
    }
}
