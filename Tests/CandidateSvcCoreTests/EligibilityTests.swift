import CandidateSvcCore
import Domain
import TestKit
import Testing

@Suite("Who may be proposed")
struct EligibilityTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let expected: Set<Int64>
        let change: @Sendable (inout CandidateQuery) -> Void

        init(_ description: String, _ expected: Set<Int64>, _ change: @escaping @Sendable (inout CandidateQuery) -> Void) {
            (self.testDescription, self.expected, self.change) = (description, expected, change)
        }
    }

    static let cases: [Case] = [
        Case("everybody but oneself", [2, 3, 4, 5, 6]) { _ in },
        Case("minimum age, inclusive", [3, 4]) { $0.filter.ages = 30...200 },
        Case("maximum age, inclusive; unknown ages never fit", [2, 3, 5]) { $0.filter.ages = 0...30 },
        Case("one age", [3]) { $0.filter.ages = 30...30 },
        Case("ages that nobody has", []) { $0.filter.ages = 119...300 },
        Case("gender", [2, 4]) { $0.filter.gender = .female },
        Case("place, without case, in the middle", [2, 5]) { $0.filter.location = "ERLI" },
        Case("place with a letter beyond ASCII", [4]) { $0.filter.location = "KÖLN" },
        Case("percent is plain", [3]) { $0.filter.location = "0%" },
        Case("underscore is plain", []) { $0.filter.location = "B_rlin" },
        Case("a place where nobody is", []) { $0.filter.location = "Atlantis" },
        Case("distance", [2, 5]) { $0.filter.maximumDistance = 20 },
        Case("distance over the border of what is near", [2, 4, 5]) { $0.filter.maximumDistance = 600 },
        Case("half the world, known places only", [2, 4, 5]) { $0.filter.maximumDistance = 30_000 },
        Case("interest, without case", [2, 3]) { $0.filter.interest = "climbing" },
        Case("an interest that nobody has", []) { $0.filter.interest = "clim" },
        Case("filters combine", [2]) {
            $0.filter.gender = .female
            $0.filter.interest = "Climbing"
        },
        Case("people excluded by the caller, known or not", [3, 4, 6]) { $0.excluded = [UserID(2), UserID(5), UserID(999)] },
    ]

    @Test("Filters hold for everybody proposed", arguments: Self.cases)
    func filters(_ example: Case) async throws {
        let community = Community()
        community.add(1, gender: .male, location: "Berlin", at: (52.52, 13.40))
        community.add(2, age: 25, gender: .female, location: "Berlin", at: (52.50, 13.45), interests: ["Climbing", "Tea"])
        community.add(3, age: 30, gender: .male, location: "100% Elsewhere", interests: ["CLIMBING"])
        community.add(4, age: 45, gender: .female, location: "Köln", at: (50.94, 6.96))
        community.add(5, age: 18, gender: .other, location: "Ost-Berlin")
        community.add(6, age: nil, gender: nil)
        // Somebody without a coordinate stands where others of the same place do.
        community.add(7, age: 60, gender: .other, location: "ost-berlin", at: (52.51, 13.47))
        _ = try await community.store.erase(UserID(7))
        community.add(8, age: 70, location: "Ost-Berlin", at: (52.51, 13.47))
        try await community.tail.catchUp()
        let found = Set(community.people(query(1, example.change))).subtracting([8])
        #expect(found == example.expected)
    }

    @Test("Blocks and reports hide in both directions", arguments: [InteractionKind.block, .report])
    func severances(kind: InteractionKind) async throws {
        let community = Community()
        for id: Int64 in 1...4 { community.add(id) }
        try await community.record(kind, 1, 2)
        try await community.record(kind, 3, 1)
        try await community.record(.like, 2, 1)
        try await community.tail.catchUp()
        #expect(community.people(query(1) { $0.excludingSeen = false }) == [4])
        #expect(Set(community.people(query(2))) == [3, 4])
        #expect(Set(community.people(query(3))) == [2, 4])
    }

    @Test("A lifted block shows the pair again, unless something else stands between them")
    func liftedBlock() async throws {
        let community = Community()
        for id: Int64 in 1...5 { community.add(id) }
        for id: Int64 in 2...5 { try await community.record(.block, 1, id) }
        try await community.record(.block, 3, 1)
        try await community.record(.report, 1, 4)
        try await community.record(.dislike, 1, 5)
        try await community.like(1, [2])
        try await community.tail.catchUp()
        #expect(community.people(query(1)) == [])
        for id: Int64 in 2...5 { #expect(try await community.store.liftBlock(by: UserID(1), of: UserID(id))) }
        try await community.tail.catchUp()
        #expect(community.people(query(1)) == [2], "The like that was given meanwhile is gone, too.")
        #expect(Set(community.people(query(1) { $0.excludingSeen = false })) == [2, 5])
        #expect(Set(community.people(query(2))) == [1, 3, 4, 5])
        #expect(!community.people(query(4)).contains(1) && !community.people(query(3)).contains(1))
    }

    @Test("Whom one has judged is left out where asked", arguments: [InteractionKind.like, .dislike, .superLike, .unmatch])
    func seen(kind: InteractionKind) async throws {
        let community = Community()
        for id: Int64 in 1...3 { community.add(id) }
        try await community.record(kind, 1, 2)
        try await community.tail.catchUp()
        #expect(community.people(query(1)) == [3])
        #expect(Set(community.people(query(1) { $0.excludingSeen = false })) == [2, 3])
        #expect(Set(community.people(query(2))) == [1, 3], "Being seen says nothing about one's own list.")
    }

    @Test("Genders that hardly get a like are not proposed, exploration aside")
    func taste() async throws {
        let community = Community()
        community.add(1, gender: .male)
        for id: Int64 in 2...30 { community.add(id, gender: id.isMultiple(of: 2) ? .female : .male) }
        try await community.like(1, [2, 4, 6, 8, 10])
        try await community.tail.catchUp()
        let found = community.people(query(1), community.generator(only: .popular))
        #expect(Set(found) == Set(stride(from: 12, through: 30, by: 2)))
        let explored = community.people(query(1), community.generator(only: .exploration))
        #expect(Set(explored) == Set(2...30).subtracting([2, 4, 6, 8, 10]))
        let asked = community.people(query(1) { $0.filter.gender = .male }, community.generator(only: .popular))
        #expect(Set(asked) == Set(stride(from: 3, through: 29, by: 2)), "A filter that asks for others is an answer.")
    }

    @Test("People who never like the viewer's gender are left out while enough others remain", arguments: [1, 25])
    func mutualTaste(minimum: Int) async throws {
        let community = Community()
        community.add(1, gender: .male)
        for id: Int64 in 2...21 { community.add(id, gender: .female) }
        try await community.like(2, 3...8)
        var settings = CandidateSettings()
        settings.shares = [.popular: 1]
        settings.reciprocalMinimum = minimum
        try await community.tail.catchUp()
        #expect(community.people(query(1), community.generator(settings)).contains(2) == (minimum == 25))
    }
}
