import Domain
import GatewayCore
import Hummingbird
import HTTPTypes
import Synchronization
import Testing

@Suite struct InteractionRouteTests {
    private func body(_ user: Int, _ target: Int, _ kind: String = "like", context: String? = nil) -> String {
        #"{"user_id":\#(user),"target_user_id":\#(target),"interaction_type":"\#(kind)"\#(context.map { #","context":\#($0)"# } ?? "")}"#
    }

    @Test func aMutualLikeMatchesOnce() async {
        let harness = await Harness(people: 2)
        let first = await harness.send(.post, "/api/v1/interactions/", body: body(1, 2))
        #expect(first.status == 201)
        #expect(first.json["matched"]?.bool == false)
        #expect(first.json["context"] == .object([]))
        let second = await harness.send(.post, "/api/v1/interactions/", body: body(2, 1, "super_like"))
        #expect(second.json["matched"]?.bool == true)
        #expect(second.json["interaction_type"]?.string == "super_like")
    }

    @Test(
        "What is wrong with an interaction is said where it is",
        arguments: [
            (#"{"user_id":0,"target_user_id":2,"interaction_type":"like"}"#, ["body.user_id"]),
            (#"{"user_id":"1","target_user_id":2.5,"interaction_type":"like"}"#, ["body.user_id", "body.target_user_id"]),
            (#"{"user_id":true,"target_user_id":2,"interaction_type":"like"}"#, ["body.user_id"]),
            (#"{"user_id":1,"target_user_id":2,"interaction_type":"wink"}"#, ["body.interaction_type"]),
            (#"{"user_id":1,"target_user_id":2,"interaction_type":"like","context":[]}"#, ["body.context"]),
            (#"{"user_id":1,"target_user_id":2,"interaction_type":"like","context":{"a":["\u0000"]}}"#, ["body.context.a.0"]),
            (#"{"user_id":1,"target_user_id":2,"interaction_type":"like","context":{"a":1e999}}"#, ["body.context.a"]),
            (#"{"user_id":1,"target_user_id":2,"interaction_type":"like","x":1}"#, ["body.x"]),
            (#"{}"#, ["body.user_id", "body.target_user_id", "body.interaction_type"]),
        ])
    func invalid(body: String, faults: [String]) async {
        let answer = await Harness(people: 2).send(.post, "/api/v1/interactions/", body: body)
        #expect(answer.status == 422)
        #expect(answer.faults == faults, "\(answer.text)")
    }

    @Test func oneselfIs400AndUnknownPeopleAreNamed() async {
        let harness = await Harness(people: 2)
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, 1)).status == 400)
        let answer = await harness.send(.post, "/api/v1/interactions/", body: body(8, 9))
        #expect(answer.status == 404)
        #expect(answer.json["detail"]?["missing"]?.array?.compactMap(\.integer) == [8, 9])
    }

    @Test func contextIsKept() async {
        let harness = await Harness(people: 2)
        let context = #"{"position":3,"nested":{"a":[1.5,true,null,"é\"\n"]},"large":12345678901234567168}"#
        let answer = await harness.send(.post, "/api/v1/interactions/", body: body(1, 2, context: context))
        #expect(answer.json["context"]?["nested"]?["a"]?.array?.last?.string == "é\"\n")
        #expect(answer.json["context"]?["position"]?.integer == 3)
        #expect(answer.json["context"]?["large"]?.double == 1.2345678901234567e19)
        let large = #"{"a":"\#(String(repeating: "x", count: 20_000))"}"#
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, 2, context: large)).status == 422)
    }

    // MARK: Idempotency

    @Test func aKeyIsAnsweredOnce() async {
        let harness = await Harness(people: 3)
        let key = ["Idempotency-Key": "k1"]
        let first = await harness.send(.post, "/api/v1/interactions/", body: body(1, 2), headers: key)
        let second = await harness.send(.post, "/api/v1/interactions/", body: body(1, 2), headers: key)
        #expect(first.status == 201 && second.status == 201)
        #expect(first.bytes == second.bytes)
        #expect(second.header("Idempotent-Replayed") == "true")
        #expect(harness.store.state.withLock { $0.interactions.count } == 1)
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, 3), headers: key).status == 409)
        // Somebody else's key is another key.
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, 3), token: "user:1", headers: key).status == 201)
    }

    @Test func aKeyInUseIsAConflict() async throws {
        let harness = await Harness(people: 3)
        harness.memory.state.withLock { $0.records["service:tests:k"] = .inProgress }
        let answer = await harness.send(.post, "/api/v1/interactions/", body: body(1, 2), headers: ["Idempotency-Key": "k"])
        #expect(answer.status == 409)
        #expect(answer.header("Retry-After") == "1")
    }

    @Test func aFailedRequestFreesItsKey() async {
        let harness = await Harness(people: 2)
        let key = ["Idempotency-Key": "k"]
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, 9), headers: key).status == 404)
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, 2), headers: key).status == 201)
    }

    @Test func withoutMemoryRequestsAreStillServed() async {
        let harness = await Harness(people: 2)
        harness.memory.state.withLock { $0.isAway = true }
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, 2), headers: ["Idempotency-Key": "k"]).status == 201)
    }

    @Test("A key is 1 to 255 visible characters", arguments: ["", "a b", String(repeating: "k", count: 256), "é"])
    func invalidKey(key: String) async {
        let harness = await Harness(people: 2)
        let request = Request.post(body: body(1, 2), key: key)
        #expect(await Answer(harness.application.respond(to: request)).status == 422)
    }

    // MARK: Cache

    @Test func aLikeSurvivesAnAbsentCacheAndIsAnnouncedLater() async {
        let harness = await Harness(people: 60)
        let before = await harness.recommendations()
        harness.cache.setAway(true)
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, Int(before.ids[0]))).status == 201)
        harness.cache.setAway(false)
        let after = await harness.recommendations()
        #expect(!after.ids.contains(before.ids[0]))
        #expect(harness.cache.state.withLock { $0.viewers[UserID(1)] } == 1)
    }

    @Test("Where somebody's safety is at stake, the answer waits for the cache", arguments: ["block", "report", "unmatch"])
    func severing(kind: String) async {
        let harness = await Harness(people: 3)
        harness.cache.setAway(true)
        let answer = await harness.send(.post, "/api/v1/interactions/", body: body(1, 2, kind))
        #expect(answer.status == 503)
        #expect(answer.header("Retry-After") != nil)
        harness.cache.setAway(false)
        #expect(await harness.send(.post, "/api/v1/interactions/", body: body(1, 2, kind)).status == 201)
        #expect(harness.cache.state.withLock { $0.changes.keys.sorted() } == [UserID(1), UserID(2)])
    }

    // MARK: Reading

    @Test func historyIsFilteredAndPaged() async throws {
        let harness = await Harness(people: 6)
        for target in 2...6 {
            _ = await harness.send(.post, "/api/v1/interactions/", body: body(1, target, target == 4 ? "dislike" : "like"))
            harness.clock.advance(.seconds(3600))
        }
        let all = await harness.get("/api/v1/interactions/user/1?limit=3")
        #expect(all.ids == [5, 4, 3])
        let cursor = try #require(all.header("X-Next-Cursor"))
        #expect(await harness.get("/api/v1/interactions/user/1?limit=3&cursor=\(cursor)").ids == [2, 1])
        #expect(await harness.get("/api/v1/interactions/user/1?interaction_type=dislike").ids == [3])
        #expect(await harness.get("/api/v1/interactions/user/1?start_date=2027-01-15T09:30:00Z&end_date=2027-01-15T11:00:00Z").ids == [4, 3])
        #expect(await harness.get("/api/v1/interactions/recent/1?hours=2").ids == [5, 4])
    }

    @Test(
        "Bad parameters are a 422",
        arguments: [
            ("user/1?start_date=2027-01-02&end_date=2027-01-01", "query.start_date"), ("user/1?start_date=yesterday", "query.start_date"),
            ("user/1?interaction_type=wink", "query.interaction_type"), ("user/1?limit=1001", "query.limit"),
            ("user/1?cursor=a5", "query.cursor"), ("timeline/1?interval_days=0", "query.interval_days"), ("recent/1?hours=0", "query.hours"),
            ("stats/0", "path.user_id"), ("mutual/1/x", "path.other_id"),
        ])
    func invalidQuery(path: String, fault: String) async {
        let answer = await Harness(people: 2).get("/api/v1/interactions/\(path)")
        #expect(answer.status == 422)
        #expect(answer.faults == [fault])
    }

    @Test("Unknown people have no history", arguments: ["user/9", "stats/9", "recent/9", "timeline/9", "mutual/1/9"])
    func unknown(path: String) async { #expect(await Harness(people: 2).get("/api/v1/interactions/\(path)").status == 404) }

    @Test func statisticsCountBothWays() async {
        let harness = await Harness(people: 3)
        for (user, target, kind) in [(1, 2, "like"), (1, 3, "dislike"), (2, 1, "like"), (3, 1, "super_like")] {
            _ = await harness.send(.post, "/api/v1/interactions/", body: body(user, target, kind))
        }
        let json = await harness.get("/api/v1/interactions/stats/1").json
        #expect(json["sent"]?["like"]?.integer == 1)
        #expect(json["sent"]?["block"]?.integer == 0)
        #expect(json["received"]?["super_like"]?.integer == 1)
        #expect(json["total_sent"]?.integer == 2)
        #expect(json["total_received"]?.integer == 2)
    }

    @Test("What the other one did stays theirs until it is mutual")
    func mutual() async {
        let harness = await Harness(people: 2)
        _ = await harness.send(.post, "/api/v1/interactions/", body: body(2, 1))
        let before = await harness.get("/api/v1/interactions/mutual/1/2", token: "user:1").json
        #expect(before["mutual"]?.bool == false)
        #expect(before["interactions"]?.array?.isEmpty == true)
        #expect(await harness.get("/api/v1/interactions/mutual/1/2").json["interactions"]?.array?.count == 1)
        _ = await harness.send(.post, "/api/v1/interactions/", body: body(1, 2))
        let after = await harness.get("/api/v1/interactions/mutual/2/1", token: "user:1").json
        #expect(after["mutual"]?.bool == true)
        #expect(after["interactions"]?.array?.count == 2)
        #expect(await harness.get("/api/v1/interactions/mutual/1/1").status == 400)
    }

    @Test func timelineHonoursItsInterval() async {
        let harness = await Harness(people: 4)
        for target in 2...4 {
            _ = await harness.send(.post, "/api/v1/interactions/", body: body(1, target))
            harness.clock.advance(.seconds(86_400))
        }
        let daily = await harness.get("/api/v1/interactions/timeline/1").json.array ?? []
        #expect(daily.compactMap { $0["total"]?.integer } == [1, 1, 1])
        #expect(daily.first?["start"]?.string == "2027-01-15T00:00:00Z")
        #expect(daily.first?["end"]?.string == "2027-01-16T00:00:00Z")
        let wide = await harness.get("/api/v1/interactions/timeline/1?interval_days=365").json.array ?? []
        #expect(wide.compactMap { $0["counts"]?["like"]?.integer }.reduce(0, +) == 3)
        #expect(wide.count < 3)
    }
}
