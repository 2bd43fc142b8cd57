import Domain
import GatewayCore
import Glibc
import HTTPTypes
import TestKit
import Testing

@Suite struct ServingTests {
    @Test("A list goes through both stages and shows whole people, best first")
    func wholeList() async throws {
        try await Pipeline.with { pipeline in
            let viewer = pipeline.viewer
            let answer = await pipeline.recommendations(for: viewer)
            let proposed = try await pipeline.proposed(to: viewer)
            let ranked = try await pipeline.ranked(proposed, for: viewer)
            let expected = try await pipeline.store.admissible(ranked, for: viewer, seen: SeenPolicy()).prefix(20)
            #expect(expected.count == 20)
            #expect(answer.status == 200)
            #expect(answer.shows(Array(expected)))
            #expect(answer.degraded == [])
            #expect(answer.version == pipeline.version)
            #expect(answer.matchScores.count == 20 && answer.matchScores.allSatisfy { (0...1).contains($0) })
            // Otherwise stage 2 would have had no say.
            #expect(answer.ids != Array(proposed.prefix(20)))
        }
    }

    @Test("An explanation adds up to the score, and the scores are in the order of the list")
    func explained() async throws {
        try await Pipeline.with { pipeline in
            for viewer in pipeline.community.viewers.prefix(5) {
                let answer = await pipeline.recommendations(for: viewer, explained: true)
                #expect(answer.degraded == [] && answer.ids.count == 20)
                for id in answer.ids {
                    let explanation = try #require(answer.explanation(of: id))
                    let (score, intercept) = (explanation["score"]?.double ?? .nan, explanation["intercept"]?.double ?? .nan)
                    let terms = explanation["contributing_features"]?.numbers ?? []
                    #expect(abs(intercept + terms.reduce(0, +) - log(score / (1 - score))) < 1e-6)
                    #expect(terms.contains { $0 != 0 })
                    #expect(explanation["reasons"]?.array?.isEmpty == false)
                }
                let scores = answer.ids.compactMap { answer.explanation(of: $0)?["score"]?.double }
                #expect(scores == scores.sorted(by: >))
                #expect(await pipeline.recommendations(for: viewer).ids == answer.ids)
            }
        }
    }

    @Test("Pages follow each other without a gap, and what was shown is logged")
    func pages() async throws {
        try await Pipeline.with { pipeline in
            let viewer = pipeline.viewer
            let whole = await pipeline.recommendations(for: viewer, "limit=30")
            let first = await pipeline.recommendations(for: viewer, "limit=10")
            var pages = [first]
            while pages.count < 3, let cursor = pages[pages.count - 1].cursor {
                pages.append(await pipeline.recommendations(for: viewer, "limit=10&cursor=\(cursor)"))
            }
            #expect(pages.flatMap(\.ids) == whole.ids && whole.ids.count == 30)
            #expect(Set(pages.map { $0.json["list_id"]?.string }).count == 1)
            await pipeline.application.flush()
            let logged = try await pipeline.store.served(to: viewer, limit: 10)
            #expect(logged.count == 4)
            let shown = try #require(logged.first { $0.requestID == first.json["request_id"]?.string })
            #expect(shown.entries.map(\.userID) == first.ids && shown.modelVersion == pipeline.version)
        }
    }

    @Test(
        "What was just recorded holds at once, and in stage 1 when it has read the log",
        arguments: [InteractionKind.like, .superLike, .dislike, .block, .report])
    func recorded(kind: InteractionKind) async throws {
        try await Pipeline.with { pipeline in
            let viewer = pipeline.viewer
            let before = await pipeline.recommendations(for: viewer)
            let person = try #require(before.ids.first)
            #expect(await pipeline.record(kind, by: viewer, of: person).status == 201)
            let after = await pipeline.recommendations(for: viewer)
            #expect(after.degraded == [] && after.ids.count == 20)
            #expect(Array(after.ids.prefix(19)) == Array(before.ids.dropFirst()))
            // Whoever was only judged may be seen again by those who ask for it.
            let again = await pipeline.recommendations(for: viewer, "exclude_seen=false&limit=100")
            #expect(again.ids.contains(person) != kind.isSevering)
            #expect(try await pipeline.proposed(to: viewer).contains(person))
            try await pipeline.catchUp()
            #expect(try await !pipeline.proposed(to: viewer).contains(person))
        }
    }

    @Test("Nobody is shown who does not want to be seen, from the next request on")
    func blockedByOthers() async throws {
        try await Pipeline.with { pipeline in
            let viewer = pipeline.viewer
            let before = await pipeline.recommendations(for: viewer, "exclude_seen=false&limit=40")
            let cursor = try #require(before.cursor)
            let next = await pipeline.recommendations(for: viewer, "exclude_seen=false&limit=40&cursor=\(cursor)")
            let (first, later) = (try #require(before.ids.first), try #require(next.ids.first))
            for person in [first, later] { #expect(await pipeline.record(.block, by: person, of: viewer).status == 201) }
            let after = await pipeline.recommendations(for: viewer, "exclude_seen=false&limit=40")
            #expect(after.ids == Array(before.ids.dropFirst() + [next.ids[1]]))
            // The rest of an older list, too, is looked at before it is shown.
            let rest = await pipeline.recommendations(for: viewer, "exclude_seen=false&limit=40&cursor=\(cursor)")
            #expect(rest.ids.first == next.ids[1] && !rest.ids.contains(later))
        }
    }

    @Test("Who has just signed up gets a ranked list before any copy has heard of them")
    func newcomer() async throws {
        try await Pipeline.with { pipeline in
            let created = await pipeline.send(
                .post, "/api/v1/users/", body: #"{"name": "Ada", "age": 30, "gender": "female", "location": "Oslo"}"#)
            let newcomer = try #require(created.json["id"]?.integer.map { UserID($0) })
            let first = await pipeline.recommendations(for: newcomer)
            #expect(first.status == 200 && first.ids.count == 20 && first.matchScores.count == 20)
            try await pipeline.catchUp()
            let second = await pipeline.recommendations(for: newcomer, "limit=30")
            #expect(second.degraded == [] && second.ids.count == 30 && second.matchScores.count == 30)
        }
    }

    @Test("Who has left is on no list, and in stage 1 no more when it has read the log")
    func erased() async throws {
        try await Pipeline.with { pipeline in
            let viewer = pipeline.viewer
            let before = await pipeline.recommendations(for: viewer)
            let leaver = try #require(before.ids.first)
            #expect(await pipeline.send(.delete, "/api/v1/users/\(leaver)").status < 300)
            #expect(await pipeline.recommendations(for: leaver).status == 404)
            let after = await pipeline.recommendations(for: viewer)
            #expect(after.degraded == [] && after.ids.prefix(19) == before.ids.dropFirst())
            #expect(try await pipeline.proposed(to: viewer).contains(leaver))
            try await pipeline.catchUp()
            #expect(try await !pipeline.proposed(to: viewer).contains(leaver))
        }
    }

    struct FilterCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let query: @Sendable (User) -> String
        let admits: @Sendable (_ person: User, _ viewer: User) -> Bool

        // In capitals, and nothing that an address would have to escape.
        static func place(of user: User) -> String { String((user.location ?? "").uppercased().prefix { $0.isLetter }) }
        static func interest(of user: User) -> String { (user.interests.first { $0.allSatisfy(\.isLetter) } ?? "").uppercased() }
    }

    static let filters = [
        FilterCase(testDescription: "age", query: { _ in "min_age=25&max_age=35" }) { person, _ in
            person.age.map { (25...35).contains($0) } ?? false
        },
        FilterCase(testDescription: "gender", query: { _ in "gender=female" }) { person, _ in person.gender == .female },
        FilterCase(testDescription: "distance", query: { _ in "max_distance_km=150" }) { person, viewer in
            guard let here = viewer.coordinate, let there = person.coordinate else { return false }
            return here.kilometres(to: there) <= 150
        },
        FilterCase(testDescription: "location", query: { "location=\(FilterCase.place(of: $0))" }) { person, viewer in
            person.location?.uppercased().contains(FilterCase.place(of: viewer)) ?? false
        },
        FilterCase(testDescription: "interest", query: { "interest=\(FilterCase.interest(of: $0))" }) { person, viewer in
            person.interests.contains { $0.uppercased() == FilterCase.interest(of: viewer) }
        },
    ]

    @Test("Filters let nobody else through, and everybody who fits", arguments: filters)
    func filtered(by filter: FilterCase) async throws {
        try await Pipeline.with { pipeline in
            for id in pipeline.community.viewers.prefix(3) {
                let viewer = try #require(try await pipeline.store.user(id))
                let answer = await pipeline.recommendations(for: id, "limit=100&\(filter.query(viewer))")
                let others = pipeline.community.users.map(\.id)
                let fitting = try await pipeline.store.admissible(others, for: id, seen: SeenPolicy()).filter { filter.admits($0, viewer) }
                #expect(answer.degraded == [])
                #expect(!fitting.isEmpty && answer.ids.count == min(100, fitting.count))
                #expect(Set(answer.ids).isSubset(of: fitting.map(\.id)))
            }
        }
    }
}
