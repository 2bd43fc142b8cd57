import Domain
import Foundation
import GatewayCore
import HTTPTypes
import Postgres
import Storage
import TestKit
import Testing

/// Likes that cross, from two gateways at once.
@Suite(.enabled(if: TwoGateways.isAvailable)) struct MatchRaceTests {
    /// `make check-likes` sets it to 100,000.
    private static let pairs = ProcessInfo.processInfo.environment["MATCH_RACE_PAIRS"].flatMap { Int($0) } ?? 2000
    private static let width = 32

    @Test("However likes cross, a pair matches once: one answer says so, one match is open, each side is told once")
    func race() async throws {
        try await TwoGateways.with { duo in
            // As many people as make that many pairs.
            var count = 2
            while count * (count - 1) / 2 < Self.pairs { count += 1 }
            let people = try await duo.people(count)
            let crossings = Array(Self.crossings(of: people).prefix(Self.pairs))
            let odd = await withTaskGroup(of: [String].self) { group in
                for worker in 0..<Self.width {
                    group.addTask {
                        var odd: [String] = []
                        for index in stride(from: worker, to: crossings.count, by: Self.width) {
                            let (one, other) = crossings[index]
                            async let there = duo.record(.like, by: one, of: other, through: 0)
                            async let back = duo.record(.superLike, by: other, of: one, through: 1)
                            let answers = await [there, back]
                            let matched = answers.count { $0.json["matched"]?.bool == true }
                            if matched != 1 || !answers.allSatisfy({ $0.status == 201 }) {
                                odd.append("\(one) and \(other): \(answers.map(\.status)), \(matched) matched")
                            }
                        }
                        return odd
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(crossings.count == Self.pairs)
            #expect(odd == [])
            let rows = try await duo.postgres.query(
                """
                SELECT (SELECT count(*) FROM matches WHERE ended_at IS NULL), (SELECT count(*) FROM match_events WHERE opened),
                    (SELECT count(DISTINCT (user_id, other_id)) FROM match_events)
                """)
            for row in rows {
                #expect(try row.int(0) == Self.pairs)
                #expect(try row.int(1) == 2 * Self.pairs)
                #expect(try row.int(2) == 2 * Self.pairs)
            }
        }
    }

    @Test("An unmatch on one gateway ends the match for both, on the other too")
    func unmatch() async throws {
        try await TwoGateways.with { duo in
            let people = try await duo.people(2)
            for (one, other) in [(people[0], people[1]), (people[1], people[0])] {
                #expect(await duo.record(.like, by: one, of: other, through: 0).status == 201)
            }
            for person in people {
                #expect(await duo.send(1, .get, "/api/v1/users/\(person)/matches", token: "user:\(person)").json.array?.count == 1)
            }
            #expect(await duo.record(.unmatch, by: people[1], of: people[0], through: 1).status == 201)
            for person in people {
                #expect(await duo.send(0, .get, "/api/v1/users/\(person)/matches", token: "user:\(person)").json.array?.count == 0)
                // Another test's transaction may hold them back for a moment.
                #expect(
                    try await eventually {
                        try await duo.storages[0].events.events(of: person, after: .start, includingLikes: false, limit: 10).events
                            .map(\.kind) == [.match, .unmatch]
                    })
            }
            // The one who was left may like again; it takes both.
            #expect(await duo.record(.like, by: people[0], of: people[1], through: 0).json["matched"]?.bool == false)
        }
    }

    /// Each pair once, those of one person far apart.
    private static func crossings(of people: [UserID]) -> [(UserID, UserID)] {
        var pairs: [(UserID, UserID)] = []
        for distance in 1..<people.count {
            for index in 0..<(people.count - distance) { pairs.append((people[index], people[index + distance])) }
        }
        return pairs
    }
}
