import Domain
import GatewayCore
import HTTPTypes
import Mesh
import MeshAPI
import TestKit
import Testing

@Suite struct FaultTests {
    /// Another error than a service should throw.
    struct Unforeseen: Error {}

    @Test("Without stage 2 people come in the order of stage 1; when it is back, so is the rank")
    func rankingGone() async throws {
        try await Pipeline.with { pipeline in
            try await pipeline.stop(.ranking)
            let answer = await pipeline.recommendations(for: pipeline.viewer, explained: true)
            #expect(answer.status == 200 && answer.degraded == ["ranking"])
            #expect(answer.ids == Array(try await pipeline.proposed(to: pipeline.viewer).prefix(20)))
            #expect(answer.matchScores.isEmpty)
            try await pipeline.start(.ranking)
            let ranked = await pipeline.recommendations(for: pipeline.viewer, explained: true)
            #expect(ranked.degraded == [] && ranked.matchScores.count == 20)
        }
    }

    @Test("Without features stage 2 can't rank, and says so in time")
    func featuresGone() async throws {
        try await Pipeline.with { pipeline in
            try await pipeline.stop(.feature)
            let answer = await pipeline.recommendations(for: pipeline.viewer)
            #expect(answer.status == 200 && answer.degraded == ["ranking"] && answer.ids.count == 20)
        }
    }

    @Test("Without stage 1 there are still people, ranked, and never one who was blocked", arguments: [false, true])
    func candidatesGone(isWarm: Bool) async throws {
        try await Pipeline.with { pipeline in
            let viewer = pipeline.viewer
            // A gateway that has seen lists knows who is popular; another asks the store.
            if isWarm { _ = await pipeline.recommendations(for: pipeline.community.viewers[1]) }
            try await pipeline.stop(.candidate)
            let before = await pipeline.recommendations(for: viewer)
            #expect(before.status == 200 && before.degraded == ["candidates"])
            #expect(before.ids.count == 20 && before.matchScores.count == 20 && !before.ids.contains(viewer))
            let (blocker, blocked) = (before.ids[0], before.ids[1])
            #expect(await pipeline.record(.block, by: blocker, of: viewer).status == 201)
            #expect(await pipeline.record(.block, by: viewer, of: blocked).status == 201)
            let after = await pipeline.recommendations(for: viewer, "exclude_seen=false&limit=100")
            #expect(after.degraded == ["candidates"] && after.ids.count > 20)
            #expect(!after.ids.contains(blocker) && !after.ids.contains(blocked))
            let filtered = await pipeline.recommendations(for: viewer, "min_age=25&max_age=30")
            #expect(!filtered.ids.isEmpty && filtered.people.allSatisfy { (25...30).contains($0["age"]?.integer ?? 0) })
            try await pipeline.start(.candidate)
            #expect(await pipeline.recommendations(for: viewer).degraded == [])
        }
    }

    @Test("With nothing but the store there are still people")
    func everythingGone() async throws {
        try await Pipeline.with { pipeline in
            for stage in Pipeline.Stage.allCases { try await pipeline.stop(stage) }
            pipeline.cache.isAway = true
            let answer = await pipeline.recommendations(for: pipeline.viewer)
            #expect(answer.status == 200 && answer.ids.count == 20)
            #expect(answer.degraded == ["candidates", "ranking", "cache"])
            let missing = await pipeline.recommendations(for: UserID(1_000_000))
            #expect(missing.status == 404)
        }
    }

    @Test("A stage that takes too long is skipped and named, while it is still at it")
    func slowStages() async throws {
        let gate = Gate()
        let candidates = CandidateStub { _ in
            await gate.pass()
            return GenerateResponse()
        }
        let ranking = RankingStub { _ in
            await gate.pass()
            return RankResponse()
        }
        try await Pipeline.with(budget: .seconds(2), candidates: candidates, ranking: ranking) { pipeline in
            defer { gate.open() }
            let answer = await pipeline.recommendations(for: pipeline.viewer)
            #expect(answer.status == 200 && answer.degraded == ["candidates", "ranking"] && !answer.ids.isEmpty)
            #expect(gate.arrivals == 2)
        }
    }

    enum Nonsense: CaseIterable, Sendable { case unforeseenError, ragged, notNumbers }

    @Test("A stage 1 that fails or talks nonsense is skipped and named", arguments: [Nonsense.unforeseenError, .ragged])
    func brokenCandidates(_ nonsense: Nonsense) async throws {
        let candidates = CandidateStub { _ in
            guard nonsense == .ragged else { throw Unforeseen() }
            return GenerateResponse(userIDs: [1, 2, 3], scores: [1], sources: [])
        }
        try await Pipeline.with(candidates: candidates) { pipeline in
            let answer = await pipeline.recommendations(for: pipeline.viewer)
            #expect(answer.status == 200 && answer.degraded == ["candidates"])
            #expect(answer.ids.count == 20 && answer.matchScores.count == 20)
        }
    }

    @Test("A stage 2 that fails or talks nonsense is skipped and named", arguments: Nonsense.allCases)
    func brokenRanking(_ nonsense: Nonsense) async throws {
        let ranking = RankingStub { request in
            let people = request.candidateIDs
            return switch nonsense {
            case .unforeseenError: throw Unforeseen()
            case .ragged: RankResponse(userIDs: people, scores: [0.5], matchScores: [0.5])
            case .notNumbers:
                RankResponse(userIDs: people, scores: people.map { _ in 0.5 }, matchScores: people.map { _ in .infinity })
            }
        }
        try await Pipeline.with(ranking: ranking) { pipeline in
            let answer = await pipeline.recommendations(for: pipeline.viewer)
            #expect(answer.status == 200 && answer.degraded == ["ranking"] && answer.matchScores.isEmpty)
            let proposed = try await pipeline.proposed(to: pipeline.viewer)
            #expect(answer.ids == Array(proposed.prefix(20)))
        }
    }

    @Test("Whomever the stages make up, nobody is shown twice, or who may not be, or does not exist")
    func inventedPeople() async throws {
        let blocker = try await TrainedCommunity.shared.users[399].id
        let viewer = try await TrainedCommunity.shared.viewers[0]
        let invented = [UInt64(viewer.rawValue), UInt64(blocker.rawValue), 1_000_000, UInt64.max, 0]
        let candidates = CandidateStub { _ in
            let people = invented + (1...300).map { UInt64($0) }
            return GenerateResponse(
                userIDs: people, scores: people.map { _ in .nan }, sources: people.map { _ in .max }, modelVersion: "none")
        }
        let ranking = RankingStub { request in
            let people = (invented + request.candidateIDs).flatMap { [$0, $0] }
            return RankResponse(
                userIDs: people, scores: people.map { _ in .nan }, matchScores: people.map { _ in 7 }, modelVersion: "none")
        }
        try await Pipeline.with(candidates: candidates, ranking: ranking) { pipeline in
            #expect(await pipeline.record(.block, by: blocker, of: viewer).status == 201)
            let answer = await pipeline.recommendations(for: viewer, "limit=100")
            #expect(answer.status == 200 && answer.version == "none" && answer.ids.count == 100)
            #expect(Set(answer.ids).count == 100)
            #expect(!answer.ids.contains(viewer) && !answer.ids.contains(blocker))
            #expect(answer.ids.allSatisfy { (1...400).contains($0.rawValue) })
        }
    }

    @Test(
        "While the store is away every answer is 503 with a time to come back, and 200 afterwards",
        arguments: [RepositoryError.Code.unavailable, .deadlineExceeded])
    func storeAway(code: RepositoryError.Code) async throws {
        try await Pipeline.with { pipeline in
            let id = pipeline.viewer
            let requests: [(HTTPRequest.Method, String, String?)] = [
                (.get, "/api/v1/recommendations/users/\(id)/recommendations", nil),
                (.get, "/api/v1/recommendations/users/\(id)/recommendations/explain", nil),
                (.get, "/api/v1/recommendations/users/\(id)/similar", nil),
                (.get, "/api/v1/users/\(id)", nil),
                (.get, "/api/v1/users/", nil),
                (.get, "/api/v1/interactions/user/\(id)", nil),
                (.get, "/api/v1/interactions/stats/\(id)", nil),
                (.get, "/api/v1/interactions/recent/\(id)", nil),
                (.get, "/api/v1/interactions/timeline/\(id)", nil),
                (.get, "/api/v1/interactions/mutual/\(id)/400", nil),
                (.post, "/api/v1/interactions/", #"{"user_id": \#(id), "target_user_id": 400, "interaction_type": "like"}"#),
                (.put, "/api/v1/users/\(id)", #"{"age": 30}"#),
                (.delete, "/api/v1/users/\(id)", nil),
            ]
            pipeline.store.fail(with: RepositoryError(code))
            for (method, path, body) in requests {
                let answer = await pipeline.send(method, path, body: body)
                #expect(answer.status == 503, "\(method) \(path)")
                #expect(answer.headers[.retryAfter].flatMap { Int($0) } ?? 0 > 0, "\(method) \(path)")
                #expect(answer.json["error"]?.string?.isEmpty == false && answer.json["request_id"]?.string != nil)
            }
            pipeline.store.fail(with: nil)
            for (method, path, body) in requests {
                #expect(await (200..<300).contains(pipeline.send(method, path, body: body).status), "\(method) \(path)")
            }
        }
    }
}
