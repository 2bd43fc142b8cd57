import Domain
import GatewayCore
import LinearMath
import HTTPTypes
import Mesh
import Synchronization
import Testing

@Suite struct RecommendationTests {
    @Test func everyFieldIsThere() async throws {
        let harness = await Harness(people: 400)
        let answer = await harness.recommendations()
        #expect(answer.status == 200)
        let expected = (282...301).reversed().map { Int64($0) }
        #expect(answer.ids == expected)
        let json = answer.json
        #expect(json["total_count"]?.integer == 20)
        #expect(json["algorithm_version"]?.string == "m1")
        #expect(json["generation_time_ms"]?.double != nil)
        #expect(json["request_id"]?.string == answer.header("X-Request-ID"))
        #expect(json["list_id"]?.string?.utf8.count == 36)
        #expect(json["experiment"] == .null && json["variant"] == .null)
        #expect(answer.degraded.isEmpty)
        #expect(json["next_cursor"]?.string != nil)
        let entry = try #require(json["recommendations"]?.array?.first)
        guard case .object(let members) = entry else { return #expect(Bool(false)) }
        #expect(
            members.map(\.name) == [
                "id", "name", "age", "gender", "location", "bio", "interests", "created_at", "last_active_at", "match_score", "sources",
            ])
        #expect(entry["match_score"]?.double == 0.301)
        #expect(entry["sources"]?.array?.compactMap(\.string) == ["content"])
    }

    @Test func stageOneIsAskedForEnough() async {
        let harness = await Harness(people: 10)
        _ = await harness.recommendations("?limit=100&exclude_seen=false&min_age=21&max_age=40&gender=female&location=Os&interest=music")
        _ = await harness.recommendations()
        let queries = harness.candidates.state.withLock { $0.queries }
        #expect(queries.map(\.limit) == [300, 300])
        #expect(queries[0].excludesSeen == false && queries[1].excludesSeen == true)
        #expect(queries[0].filter.minimumAge == 21 && queries[0].filter.maximumAge == 40)
        #expect(queries[0].filter.gender == .female && queries[0].filter.location == "Os" && queries[0].filter.interest == "music")
    }

    @Test("The viewer's features are fetched beside stage 1 and handed to stage 2; without them it gets none")
    func viewerFeatures() async {
        let harness = await Harness(people: 30)
        _ = await harness.recommendations()
        let features = ViewerFeatures(schemaVersion: 1, embeddingVersion: "e", row: [7])
        harness.ranking.state.withLock { $0.viewerFeatures = features }
        _ = await harness.recommendations("?limit=3")
        let (queries, prepared) = harness.ranking.state.withLock { ($0.queries, $0.prepared) }
        #expect(queries.map(\.viewerFeatures) == [nil, features])
        #expect(prepared == queries.map(\.viewer))
    }

    @Test("Filters hold for every entry, whatever stage 1 proposes")
    func filters() async {
        let harness = await Harness(people: 300)
        for (query, holds) in [
            ("min_age=30&max_age=35", { ($0["age"]?.integer).map { (30...35).contains($0) } }),
            ("gender=female", { $0["gender"]?.string == "female" }), ("location=SLO", { $0["location"]?.string == "Oslo" }),
            ("interest=Topic%203", { $0["interests"]?.array?.contains(.string("topic 3")) }),
            ("max_distance_km=5", { ($0["id"]?.integer).map { $0 < 20 } }),
        ] as [(String, (JSONValue) -> Bool?)] {
            let answer = await harness.recommendations("?limit=10&\(query)")
            let entries = answer.json["recommendations"]?.array ?? []
            #expect(!entries.isEmpty, "\(query)")
            #expect(entries.allSatisfy { holds($0) == true }, "\(query)")
        }
    }

    @Test(
        "Bad parameters are a 422",
        arguments: [
            ("limit=0", "query.limit"), ("limit=101", "query.limit"), ("exclude_seen=maybe", "query.exclude_seen"),
            ("min_age=40&max_age=20", "query.min_age"), ("gender=x", "query.gender"), ("max_distance_km=-1", "query.max_distance_km"),
            ("max_distance_km=NaN", "query.max_distance_km"), ("max_distance_km=1e999", "query.max_distance_km"),
            ("algorithm_version=m9", "query.algorithm_version"), ("cursor=abc", "query.cursor"), ("location=", "query.location"),
        ])
    func invalid(query: String, fault: String) async {
        let answer = await Harness(people: 3).recommendations("?\(query)")
        #expect(answer.status == 422)
        #expect(answer.faults == [fault])
    }

    @Test func versionsThatExistAreNamed() async {
        let harness = await Harness(people: 30)
        #expect(await harness.recommendations("?algorithm_version=m9").text.contains("m1, m0"))
        #expect(await harness.recommendations("?algorithm_version=m0").json["algorithm_version"]?.string == "m0")
    }

    @Test func unknownViewerIs404() async {
        let harness = await Harness(people: 3)
        #expect(await harness.recommendations(of: 99).status == 404)
        harness.candidates.fail(.notFound)
        #expect(await harness.recommendations(of: 99).status == 404)
    }

    @Test func nobodyIsAnEmptyList() async {
        let answer = await Harness(people: 1).recommendations()
        #expect(answer.status == 200)
        #expect(answer.ids.isEmpty && answer.degraded.isEmpty)
        #expect(answer.json["next_cursor"] == .null)
    }

    // MARK: Cache

    @Test func aHitIsTheStoredBytes() async throws {
        let harness = await Harness(people: 50)
        let (first, second) = (await harness.recommendations(), await harness.recommendations())
        #expect(first.bytes == second.bytes)
        #expect(first.header("X-Request-ID") != second.header("X-Request-ID"))
        #expect(harness.cache.state.withLock { $0.hits } == 1)
        #expect(harness.candidates.state.withLock { $0.queries.count } == 1)
        // Other parameters, another kind of answer, another person: other lists.
        _ = await harness.recommendations("?limit=5")
        _ = await harness.recommendations(explain: true)
        _ = await harness.recommendations(of: 2)
        #expect(harness.candidates.state.withLock { $0.queries.count } == 4)
        await harness.application.flush()
        let log = harness.servingLog.lists.withLock { $0 }
        #expect(log.map(\.isCached) == [false, true, false, false, false])
        #expect(log[0].entries.count == 20 && log[0].listID == log[1].listID && log[0].requestID != log[1].requestID)
    }

    @Test func ownInteractionsInvalidate() async {
        let harness = await Harness(people: 50)
        let first = await harness.recommendations()
        let body = #"{"user_id":1,"target_user_id":\#(first.ids[0]),"interaction_type":"dislike"}"#
        _ = await harness.send(.post, "/api/v1/interactions/", body: body)
        let second = await harness.recommendations()
        let expected = Array(first.ids.dropFirst()) + [first.ids[19] - 1]
        #expect(second.ids == expected)
        #expect(second.json["list_id"] != first.json["list_id"])
        #expect(harness.candidates.state.withLock { $0.queries.last?.minimumPosition } == 1)
    }

    @Test("Whoever is shown and changes is not shown as they were")
    func changesOfOthersInvalidate() async {
        let harness = await Harness(people: 50)
        #expect(await harness.recommendations().text.contains(#""name":"Person 50""#))
        _ = await harness.send(.put, "/api/v1/users/50", body: #"{"name":"Renamed"}"#)
        #expect(await harness.recommendations().text.contains(#""name":"Renamed""#))
        _ = await harness.send(.post, "/api/v1/interactions/", body: #"{"user_id":50,"target_user_id":1,"interaction_type":"block"}"#)
        #expect(await !harness.recommendations().ids.contains(50))
        _ = await harness.send(.delete, "/api/v1/users/49")
        #expect(await !harness.recommendations().ids.contains(49))
    }

    @Test func refreshForgets() async {
        let harness = await Harness(people: 30)
        let first = await harness.recommendations()
        #expect(await harness.send(.post, "/api/v1/recommendations/refresh", token: "user:1").json["user_id"]?.integer == 1)
        #expect(await harness.recommendations().json["list_id"] != first.json["list_id"])
        #expect(await harness.send(.post, "/api/v1/recommendations/refresh", body: #"{"user_id":2}"#).status == 200)
        #expect(await harness.send(.post, "/api/v1/recommendations/refresh").status == 422)
        #expect(await harness.send(.post, "/api/v1/recommendations/refresh?user_id=99").status == 404)
        harness.cache.setAway(true)
        #expect(await harness.send(.post, "/api/v1/recommendations/refresh?user_id=1").status == 503)
    }

    // MARK: Fallbacks

    @Test(arguments: [MeshError.Code.unavailable, .deadlineExceeded, .resourceExhausted, .internal])
    func rankingAway(code: MeshError.Code) async {
        let harness = await Harness(people: 50)
        harness.ranking.fail(code)
        let answer = await harness.recommendations()
        #expect(answer.status == 200)
        #expect(answer.degraded == ["ranking"])
        let expected = (2...21).map { Int64($0) }
        #expect(answer.ids == expected)
        #expect(answer.json["recommendations"]?.array?.allSatisfy { $0["match_score"] == .null } == true)
        harness.ranking.fail(nil)
        #expect(await harness.recommendations().degraded.isEmpty)
    }

    @Test(arguments: [MeshError.Code.unavailable, .deadlineExceeded, .notFound])
    func candidatesAway(code: MeshError.Code) async {
        let harness = await Harness(people: 50)
        harness.candidates.fail(code)
        let answer = await harness.recommendations("?gender=female")
        #expect(answer.status == 200)
        #expect(answer.degraded == ["candidates"])
        #expect(answer.ids.count == 20)
        #expect(answer.json["recommendations"]?.array?.allSatisfy { $0["gender"]?.string == "female" } == true)
        #expect(answer.json["recommendations"]?.array?.first?["match_score"]?.double != nil)
    }

    @Test("People who were popular lately stand in for stage 1")
    func popularStandIn() async {
        let harness = await Harness(people: 30)
        _ = await harness.recommendations()
        harness.candidates.fail(.unavailable)
        let answer = await harness.recommendations("?limit=7")
        #expect(answer.ids.count == 7)
        #expect(answer.json["recommendations"]?.array?.contains { $0["sources"] == .array([.string("popular")]) } == true)
    }

    @Test func bothStagesAway() async {
        let harness = await Harness(people: 30)
        harness.candidates.fail(.unavailable)
        harness.ranking.fail(.unavailable)
        let answer = await harness.recommendations()
        #expect(answer.degraded == ["candidates", "ranking"])
        #expect(answer.ids.count == 20 && !answer.ids.contains(1))
    }

    @Test("The cache away is said, and nothing is lost by it")
    func cacheAway() async {
        let harness = await Harness(people: 30)
        harness.cache.setAway(true)
        let answer = await harness.recommendations()
        #expect(answer.status == 200)
        #expect(answer.degraded == ["cache"])
        #expect(answer.ids.count == 20)
    }

    @Test("Nobody unchecked is ever shown: without the truth there is a 503")
    func databaseAway() async {
        let harness = await Harness(people: 30)
        harness.store.setAway(true)
        #expect(await harness.recommendations().status == 503)
    }

    @Test("Blocked people never appear", arguments: ["", "?exclude_seen=false", "?limit=100"])
    func blocked(query: String) async {
        let harness = await Harness(people: 40)
        harness.store.state.withLock { state in
            state.blocks.insert([1, 40].map { UserID($0) })
            state.blocks.insert([39, 1].map { UserID($0) })
        }
        let modes: [() -> Void] = [{}, { harness.candidates.fail(.unavailable) }, { harness.ranking.fail(.unavailable) }]
        for degrade in modes {
            degrade()
            let ids = await harness.recommendations(query).ids
            #expect(!ids.isEmpty && !ids.contains(39) && !ids.contains(40) && !ids.contains(1))
        }
        harness.candidates.fail(nil)
        let similar = await harness.get("/api/v1/recommendations/users/1/similar?limit=100").ids
        #expect(similar.count == 37 && !similar.contains(39) && !similar.contains(40))
    }

    @Test func theGateIsAskedAgainUntilTheListIsFull() async {
        let harness = await Harness(people: 120)
        harness.store.state.withLock { state in
            for id in 60...120 { state.banned.insert(UserID(Int64(id))) }
        }
        let answer = await harness.recommendations("?limit=30")
        let expected = (30...59).reversed().map { Int64($0) }
        #expect(answer.ids == expected)
        #expect(harness.store.state.withLock { $0.visibleCalls.count } > 1)
    }

    // MARK: Pages

    @Test func pagesAreOneStableList() async throws {
        let harness = await Harness(people: 90)
        let first = await harness.recommendations("?limit=25")
        var (ids, cursor) = (first.ids, first.json["next_cursor"]?.string)
        // The viewer acts, stage 2 goes away, and still the list goes on where it was.
        _ = await harness.send(.post, "/api/v1/interactions/", body: #"{"user_id":1,"target_user_id":60,"interaction_type":"like"}"#)
        harness.ranking.fail(.unavailable)
        harness.candidates.fail(.unavailable)
        while let text = cursor {
            let page = await harness.recommendations("?limit=25&cursor=\(text)")
            #expect(page.json["list_id"] == first.json["list_id"])
            #expect(page.degraded.isEmpty)
            ids += page.ids
            cursor = page.json["next_cursor"]?.string
        }
        let expected = (2...90).reversed().filter { $0 != 60 }.map { Int64($0) }
        #expect(ids == expected)
    }

    @Test func scoresSurviveThePage() async throws {
        let harness = await Harness(people: 60)
        let cursor = try #require(await harness.recommendations("?limit=5").json["next_cursor"]?.string)
        let page = await harness.recommendations("?limit=5&cursor=\(cursor)")
        #expect(page.json["recommendations"]?.array?.compactMap { $0["match_score"]?.double } == [0.055, 0.054, 0.053, 0.052, 0.051])
    }

    @Test func aCursorBelongsToItsList() async throws {
        let harness = await Harness(people: 60)
        let cursor = try #require(await harness.recommendations("?limit=5").json["next_cursor"]?.string)
        #expect(await harness.recommendations("?limit=9&cursor=\(cursor)").status == 200)
        for query in ["gender=male&", "exclude_seen=false&", "algorithm_version=m0&"] {
            #expect(await harness.recommendations("?\(query)cursor=\(cursor)").status == 422)
        }
        #expect(await harness.recommendations("?cursor=\(cursor)", of: 2).status == 422)
        #expect(await harness.recommendations("?cursor=\(cursor.dropLast())").status == 422)
    }

    @Test("A cursor of noise is refused and never crashes")
    func cursorFuzz() throws {
        let entries = (1...50).map { ListCursor.Entry(id: UserID($0 * 1_000_003), matchScore: $0 % 7 == 0 ? nil : 0.5, sources: []) }
        let text = ListCursor(
            listID: "00000000-0000-4000-8000-000000000000", viewer: UserID(.max), queryHash: .max, modelVersion: "m", entries: entries
        ).text
        #expect(ListCursor(text)?.entries == entries)
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<5000 {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 33...126, using: &generator)
            }
            let mangled = String(decoding: bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)), as: UTF8.self)
            if let cursor = ListCursor(mangled) { #expect(cursor.entries.allSatisfy { $0.id.rawValue > 0 }) }
        }
    }

    // MARK: Explanations

    @Test func explanationsAddUp() async throws {
        let harness = await Harness(people: 50)
        let answer = await harness.recommendations("?limit=5", explain: true)
        #expect(answer.ids == [50, 49, 48, 47, 46])
        for id in answer.ids {
            let explanation = try #require(answer.json["explanations"]?["\(id)"])
            #expect(explanation["user_id"]?.integer == id)
            #expect(explanation["match_score"]?.double == Double(id) / 1000)
            guard case .object(let terms) = explanation["contributing_features"] else { return #expect(Bool(false)) }
            let sum = try #require(explanation["intercept"]?.double) + terms.compactMap(\.value.double).reduce(0, +)
            let score = try #require(explanation["score"]?.double)
            // sigmoid(sum) = score is the same as sum = logit(score).
            #expect(abs(FakeRanking.sigmoid(sum) - score) < 1e-12)
            #expect(terms.map(\.name) == ["interest_overlap", "expected_liking", "collaborative_score"])
            #expect(explanation["reasons"]?.array == [.string("Shares interests with you"), .string("Fits the taste that your likes show")])
        }
    }

    @Test func furtherPagesAreExplainedToo() async throws {
        let harness = await Harness(people: 50)
        let cursor = try #require(await harness.recommendations("?limit=5", explain: true).json["next_cursor"]?.string)
        let page = await harness.recommendations("?limit=3&cursor=\(cursor)", explain: true)
        #expect(page.ids == [45, 44, 43])
        guard case .object(let explanations) = page.json["explanations"] else { return #expect(Bool(false)) }
        #expect(explanations.map(\.name) == ["45", "44", "43"])
    }

    @Test func withoutRankingNothingIsExplained() async {
        let harness = await Harness(people: 10)
        harness.ranking.fail(.unavailable)
        let answer = await harness.recommendations(explain: true)
        #expect(answer.json["explanations"] == .object([]))
        #expect(answer.degraded == ["ranking"])
    }

    // MARK: The rest

    @Test func similarPeople() async {
        let harness = await Harness(people: 10)
        let answer = await harness.get("/api/v1/recommendations/users/4/similar?limit=3")
        #expect(answer.ids == [2, 3, 5])
        #expect(answer.json.array?.first?["similarity"]?.double == 1)
        #expect(await harness.get("/api/v1/recommendations/users/99/similar").status == 404)
        harness.candidates.fail(.unavailable)
        #expect(await harness.get("/api/v1/recommendations/users/4/similar").status == 503)
    }

    @Test func requestsCarryOneDeadlineAndTrace() async throws {
        let harness = await Harness(people: 10) { $0.requestBudget = .milliseconds(300) }
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        _ = await harness.get(
            "/api/v1/recommendations/users/1/recommendations", headers: ["traceparent": trace, "X-Request-ID": "req-7"])
        let call = try #require(harness.candidates.state.withLock { $0.calls.first })
        #expect(call.requestID == "req-7")
        #expect(call.trace.traceparent.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-"))
        #expect(call.trace.traceparent != trace)
        #expect(call.deadline.remaining < .milliseconds(300))
    }

    @Test func performanceAndVersions() async {
        let harness = await Harness(people: 30)
        _ = await harness.recommendations()
        _ = await harness.recommendations()
        let performance = await harness.get("/api/v1/recommendations/performance").json
        #expect(performance["cache"]?["hits"]?.integer == 1)
        #expect(performance["cache"]?["hit_rate"]?.double == 0.5)
        #expect(performance["generation_ms"]?["count"]?.integer == 1)
        #expect(performance["candidate_pool_mean"]?.double == 29)
        let versions = await harness.get("/api/v1/recommendations/algorithm/versions").json
        #expect(versions["active"]?.string == "m1")
        #expect(versions["versions"]?.array?.compactMap { $0["version"]?.string } == ["m1", "m0"])
    }
}
