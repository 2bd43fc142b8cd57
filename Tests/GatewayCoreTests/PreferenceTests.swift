import Domain
import GatewayCore
import HTTPTypes
import Mesh
import Synchronization
import Testing

@Suite("Preferences, bans and their reasons over HTTP")
struct PreferenceTests {
    private static let path = "/api/v1/users/1/preferences"

    @Test("What is said is read back; what is left out excludes nobody")
    func roundTrip() async {
        let harness = await Harness(people: 3)
        let empty = await harness.get(Self.path, token: "user:1")
        #expect(empty.status == 200)
        #expect(
            empty.text
                == #"{"genders":[],"min_age":null,"max_age":null,"max_distance_km":null,"required_interests":[],"excluded_interests":[],"intent":null,"visibility":"visible"}"#
        )
        let body = #"""
            {"genders": ["other", "male", "male"], "min_age": 20, "max_age": 30, "max_distance_km": 12.5,
             "required_interests": [" Tea", "TEA"], "excluded_interests": ["Golf"], "intent": "dating", "visibility": "paused"}
            """#
        let answer = await harness.send(.put, Self.path, body: body, token: "user:1")
        #expect(answer.status == 200)
        #expect(
            answer.text
                == #"{"genders":["male","other"],"min_age":20,"max_age":30,"max_distance_km":12.5,"required_interests":["Tea"],"excluded_interests":["Golf"],"intent":"dating","visibility":"paused"}"#
        )
        #expect(await harness.get(Self.path).text == answer.text)
        #expect(await harness.send(.put, Self.path, body: "{}").text == empty.text)
    }

    @Test(
        "What makes no sense is refused where it stands",
        arguments: [
            (#"{"min_age": 17}"#, "body.min_age"), (#"{"min_age": 40, "max_age": 30}"#, "body.min_age"),
            (#"{"genders": ["male", "x"]}"#, "body.genders.1"), (#"{"max_distance_km": 0}"#, "body.max_distance_km"),
            (#"{"intent": "fun"}"#, "body.intent"), (#"{"visibility": null}"#, "body.visibility"), (#"{"age": 3}"#, "body.age"),
            (#"{"required_interests": ["tea", "go"], "excluded_interests": ["golf", " GO "]}"#, "body.excluded_interests.1"),
            (#"{"required_interests": [" "]}"#, "body.required_interests.0"),
        ])
    func invalid(body: String, fault: String) async {
        let harness = await Harness(people: 1)
        let answer = await harness.send(.put, Self.path, body: body)
        #expect(answer.status == 422)
        let steps = answer.json["detail"]?.array?.first?["loc"]?.array ?? []
        #expect(steps.map { $0.string ?? $0.integer.map(String.init) ?? "" }.joined(separator: ".") == fault)
    }

    @Test("They are the person's own business")
    func access() async {
        let harness = await Harness(people: 2)
        for method in [HTTPRequest.Method.get, .put] {
            let body = method == .put ? "{}" : nil
            #expect(await harness.send(method, Self.path, body: body, token: "user:2").status == 403)
            #expect(await harness.send(method, Self.path, body: body, token: nil).status == 401)
            #expect(await harness.send(method, "/api/v1/users/99/preferences", body: body).status == 404)
        }
    }

    @Test("A change holds from the next request on, for the viewer and for whoever was shown")
    func effect() async {
        let harness = await Harness(people: 6)
        #expect(await harness.recommendations().ids == [6, 5, 4, 3, 2])
        #expect(await harness.send(.put, Self.path, body: #"{"genders": ["female"]}"#).status == 200)
        #expect(await harness.recommendations().ids == [6, 4, 2])
        #expect(await harness.send(.put, "/api/v1/users/4/preferences", body: #"{"visibility": "paused"}"#).status == 200)
        #expect(await harness.recommendations().ids == [6, 2])
        #expect(await harness.get("/api/v1/recommendations/users/1/similar").ids == [2, 6])
        harness.cache.setAway(true)
        let refused = await harness.send(.put, "/api/v1/users/2/preferences", body: #"{"genders": ["female"]}"#)
        #expect(refused.status == 503)
        #expect(await harness.recommendations().ids == [6])
    }

    @Test("Without stage 1 what the viewer seeks decides whom the store is asked for")
    func fallback() async {
        let harness = await Harness(people: 60)
        harness.candidates.fail(.unavailable)
        #expect(await harness.send(.put, Self.path, body: #"{"genders": ["female"], "min_age": 30, "max_age": 33}"#).status == 200)
        #expect(await harness.recommendations().ids == [60, 12, 10])
    }

    @Test("Stage 1 that knows the viewer as they were is asked again, and waits; such a list is not kept")
    func stale() async {
        let harness = await Harness(people: 6)
        harness.store.state.withLock { $0.viewerPosition = 50 }
        harness.candidates.state.withLock { $0.position = 49 }
        _ = await harness.recommendations("?limit=10")
        let queries = harness.candidates.state.withLock { $0.queries }
        #expect(queries.map(\.awaitsPosition) == [false, true] && queries[1].minimumPosition == 50)
        _ = await harness.recommendations("?limit=10")
        #expect(harness.cache.state.withLock { $0.hits } == 1, "Stage 1 had caught up.")
        // A whole list does for an answer, but not for the cache.
        harness.store.state.withLock { $0.viewerPosition = 60 }
        for _ in 0..<2 { _ = await harness.recommendations("?limit=3") }
        #expect(harness.candidates.state.withLock { $0.queries.count } == 4)
        #expect(harness.cache.state.withLock { $0.hits } == 1)
    }

    @Test("A ban takes effect at once, and is written down; so is its end")
    func ban() async {
        let harness = await Harness(people: 4)
        #expect(await harness.recommendations().ids == [4, 3, 2])
        let path = "/api/v1/admin/users/3/ban"
        for token in ["user:3", Harness.service] { #expect(await harness.send(.post, path, token: token).status == 403) }
        #expect(await harness.send(.post, "/api/v1/admin/users/99/ban", token: "admin:x").status == 404)
        #expect(await harness.send(.post, path, token: "admin:x").status == 204)
        #expect(await harness.recommendations().ids == [4, 2])
        #expect(await harness.get("/api/v1/users/3").status == 404)
        #expect(await harness.send(.delete, path, token: "admin:x").status == 204)
        #expect(await harness.get("/api/v1/users/3").status == 200)
        #expect(await harness.recommendations("?limit=9").ids == [4, 3, 2], "Lists that were made meanwhile are right, and kept.")
        let entries = harness.store.state.withLock { $0.audit }
        #expect(entries.map(\.action) == ["user.ban", "user.lift-ban"] && entries.allSatisfy { $0.target == "3" && $0.actor == "x" })
    }

    @Test("A ban that can't be announced is not acknowledged")
    func unconfirmedBan() async {
        let harness = await Harness(people: 3)
        harness.cache.setAway(true)
        #expect(await harness.send(.post, "/api/v1/admin/users/3/ban", token: "admin:x").status == 503)
        #expect(await harness.recommendations().ids == [2])
    }

    @Test("Likes are counted by the day, whoever brings them")
    func likeLimit() async {
        let harness = await Harness(people: 9) { $0.rateLimits.likes = RateLimitPolicy(rate: 3 / 86_400, burst: 3) }
        func act(_ kind: String, _ target: Int, _ token: String) async -> Answer {
            await harness.send(
                .post, "/api/v1/interactions/", body: #"{"user_id": 1, "target_user_id": \#(target), "interaction_type": "\#(kind)"}"#,
                token: token)
        }
        for (target, token) in [(2, "user:1"), (3, Harness.service), (4, "user:1")] {
            #expect(await act("like", target, token).status == 201)
        }
        let refused = await act("super_like", 5, "user:1")
        #expect(refused.status == 429)
        #expect((refused.header("Retry-After").flatMap { Int($0) } ?? 0) > 3600)
        #expect(await act("dislike", 5, "user:1").status == 201)
        harness.clock.advance(.seconds(86_400))
        #expect(await act("like", 6, "user:1").status == 201)
    }

    @Test("Who likes the viewer is moved up, but not always to the same place")
    func promotion() async {
        let harness = await Harness(people: 200)
        harness.candidates.state.withLock { $0.promoted = [UserID(2), UserID(3)] }
        var places: Set<[Int]> = []
        for _ in 0..<30 {
            let ids = await harness.recommendations("?limit=20").ids
            let found = [2, 3].compactMap { ids.firstIndex(of: $0) }
            #expect(found.count == 2 && (0...2).contains(found[0]) && (3...5).contains(found[1]))
            #expect(ids.filter { $0 > 3 } == ids.filter { $0 > 3 }.sorted(by: >))
            places.insert(found)
            _ = await harness.send(.post, "/api/v1/recommendations/refresh", body: #"{"user_id": 1}"#)
        }
        #expect(places.count > 3)
    }

    @Test("Why somebody is in a list, or not, stage by stage")
    func why() async throws {
        let harness = await Harness(people: 60)
        func ask(_ target: Int, _ token: String = "admin:x") async -> Answer {
            await harness.get("/api/v1/admin/why?user=1&target=\(target)&limit=5", token: token)
        }
        #expect(await ask(2, Harness.service).status == 403)
        #expect(await ask(99).status == 404)
        let first = await ask(60)
        #expect(first.status == 200)
        #expect(first.json["shown"]?.bool == true && first.json["position"]?.integer == 1 && first.json["admitted"]?.bool == true)
        #expect(first.json["ranking"]?["rank"]?.integer == 1 && first.json["ranking"]?["was_candidate"]?.bool == true)
        #expect(first.json["candidates"]?["rank"]?.integer == 59 && first.json["candidates"]?["exposure_today"]?.integer == 3)
        #expect(first.json["candidates"]?["sources"]?.array?.first?["source"]?.string == "popular")
        let last = await ask(2)
        #expect(last.json["verdict"]?.string == "Proposed at rank 1, ranked 59 of 59: beyond the 5 asked for.")
        #expect(last.json["position"] == .null && last.json["shown"]?.bool == false)
        #expect(await ask(9).json["verdict"]?.string == "Left out of the search: blocked_by_target.")
        #expect(await harness.send(.post, "/api/v1/admin/users/60/ban", token: "admin:x").status == 204)
        let banned = await ask(60)
        #expect(banned.json["admitted"]?.bool == false && banned.json["shown"]?.bool == false)
        harness.candidates.fail(.unavailable)
        let alone = await ask(2)
        #expect(alone.status == 200 && alone.json["candidates"] == .null)
        #expect(harness.store.state.withLock { $0.audit.allSatisfy { ["user.why", "user.ban"].contains($0.action) } && !$0.audit.isEmpty })
    }
}
