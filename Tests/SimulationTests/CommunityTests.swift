import Domain
import Foundation
import Simulation
import Testing

@Suite struct CommunityTests {
    static let options = SimulationOptions(people: 1500, interactions: 20_000, seed: 7)
    static let community = Result { try Community(options) }

    /// A fresh folder that is removed after the body.
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test("Equal options make equal files, another seed makes others")
    func determinism() throws {
        let names = ["users.csv", "interactions.csv", "heldout.csv", "truth"]
        try self.withFolder { folder in
            var other = Self.options
            other.seed = 8
            for (name, options) in [("a", Self.options), ("b", Self.options), ("c", other)] {
                try Community(options).write(to: folder.appending(path: name))
            }
            for name in names {
                let first = try Data(contentsOf: folder.appending(path: "a/\(name)"))
                #expect(first.count > 1000)
                #expect(try Data(contentsOf: folder.appending(path: "b/\(name)")) == first)
                #expect(try Data(contentsOf: folder.appending(path: "c/\(name)")) != first)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "a").path).sorted() == names.sorted())
        }
    }

    @Test("People and interactions are as many as were asked for, in order")
    func shape() throws {
        let community = try Self.community.get()
        #expect(community.users.map(\.id.rawValue) == Array(1...1500))
        #expect(community.interactions.count == 20_000)
        let rows = community.interactions
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.timestamp <= $1.timestamp })
        #expect(rows.allSatisfy { $0.userID != $0.targetUserID && $0.timestamp <= Self.options.end })
        for user in community.users {
            #expect((18...70).contains(try #require(user.age)))
            #expect(user.gender != nil && user.coordinate != nil && user.createdAt < Self.options.end)
            #expect(!user.interests.isEmpty && Set(user.interests).count == user.interests.count)
        }
    }

    @Test("Nobody acts before they signed up, or towards somebody whom they or who doesn't seek them")
    func sense() throws {
        let community = try Self.community.get()
        for row in community.interactions + community.heldOut {
            let person = try #require(community.truth.index(of: row.userID))
            let target = try #require(community.truth.index(of: row.targetUserID))
            #expect(row.timestamp >= community.users[person].createdAt)
            #expect(community.truth.people[person].isCompatible(with: community.truth.people[target]))
        }
    }

    @Test("Held-out likes are likes, at most five a person, and nowhere in the log")
    func heldOut() throws {
        let community = try Self.community.get()
        struct Pair: Hashable { let from, to: UserID }
        let known = Set(community.interactions.map { Pair(from: $0.userID, to: $0.targetUserID) })
        #expect(community.heldOut.count > 4000)
        #expect(community.heldOut.allSatisfy { $0.kind.isPositive && !known.contains(Pair(from: $0.userID, to: $0.targetUserID)) })
        #expect(Dictionary(grouping: community.heldOut, by: \.userID).values.allSatisfy { $0.count <= 5 })
    }

    @Test("Reactions are mixed as on a real site")
    func reactions() throws {
        let community = try Self.community.get()
        let rows = community.interactions + community.heldOut
        let share = { (kinds: [InteractionKind]) in Double(rows.count { kinds.contains($0.kind) }) / Double(rows.count) }
        #expect((0.3...0.5).contains(share([.like, .superLike])))
        #expect((0.005...0.1).contains(share([.superLike])))
        #expect((0.0005...0.02).contains(share([.block])))
    }

    @Test("Whoever is liked has a higher utility than whoever is passed on")
    func utility() throws {
        let community = try Self.community.get()
        func mean(_ isIncluded: (InteractionKind) -> Bool) throws -> Double {
            let rows = community.interactions.filter { isIncluded($0.kind) }
            let utilities = try rows.map { row in
                community.truth.utility(
                    of: try #require(community.truth.index(of: row.targetUserID)), for: try #require(community.truth.index(of: row.userID)))
            }
            return utilities.reduce(0, +) / Double(utilities.count)
        }
        let liked = try mean { $0.isPositive }
        let passed = try mean { $0 == .dislike }
        #expect(liked > passed + 0.5)
        #expect(try mean { $0 == .superLike } > liked)
    }

    @Test("The truth read from its file gives the same utilities")
    func truth() throws {
        let community = try Self.community.get()
        try self.withFolder { folder in
            try community.write(to: folder)
            let truth = try Truth(contentsOf: folder.appending(path: "truth"))
            #expect(truth.people == community.truth.people)
            for index in 0..<100 { #expect(truth.utility(of: index + 100, for: index) == community.truth.utility(of: index + 100, for: index)) }
            let file = folder.appending(path: "truth")
            try Data("nonsense\n1\t2\n".utf8).write(to: file)
            #expect(throws: SimulationError.self) { try Truth(contentsOf: file) }
        }
    }

    @Test("A utility is the sum that its description says")
    func formula() throws {
        var first = try Self.community.get().truth.people[0]
        var second = first
        second.id = UserID(2)
        (first.taste, second.traits) = ([1, 0, 0, 0, 0, 0, 0, 0], [0.5, 9, 9, 9, 9, 9, 9, 9])
        (first.interests, second.interests) = ([1, 2, 70], [2, 3, 70])
        (first.preferredAge, first.ageTolerance, second.age) = (30, 4, 34)
        (first.choosiness, second.attractiveness) = (0.25, 2)
        let utility = Truth(people: [first, second]).utility(of: 1, for: 0)
        #expect(abs(utility - (1.3 * 0.5 + 1.2 * 2 - 0.5 + 0.3 * 2 - 0.25)) < 1e-6)
    }

    @Test("Small and impossible communities", arguments: [(1, 100), (2, 10), (3, 0)])
    func small(people: Int, interactions: Int) throws {
        let community = try Community(SimulationOptions(people: people, interactions: interactions, seed: 3))
        #expect(community.users.count == people)
        #expect(community.interactions.count <= interactions)
    }

    @Test(
        "Options that make no sense are refused",
        arguments: [
            SimulationOptions(people: 0), SimulationOptions(interactions: -1), SimulationOptions(days: 0),
            SimulationOptions(heldOutPerPerson: -1),
        ])
    func refused(options: SimulationOptions) {
        #expect(throws: SimulationError.self) { try Community(options) }
    }

    @Test("Users are written as the importer reads them")
    func users() throws {
        let community = try Self.community.get()
        try self.withFolder { folder in
            try community.write(to: folder)
            let lines = try String(contentsOf: folder.appending(path: "users.csv"), encoding: .utf8).split(separator: "\n")
            #expect(lines.first == "id,name,age,gender,location,bio,interests,latitude,longitude,created_at")
            #expect(lines.count == 1501)
            let rows = try String(contentsOf: folder.appending(path: "interactions.csv"), encoding: .utf8).split(separator: "\n")
            #expect(rows.first == "user_id,target_user_id,interaction_type,timestamp")
            #expect(rows.count == 20_001)
        }
    }
}
