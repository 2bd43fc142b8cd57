import Domain
import GatewayCore
import HTTPTypes
import Synchronization
import Testing

@Suite struct BatchTests {
    private static func person(_ name: String, age: Int = 30) -> String {
        #"{"name":"\#(name)","age":\#(age),"gender":"male","location":"Oslo"}"#
    }

    private static func like(_ user: Int, _ target: Int, _ kind: String = "like") -> String {
        #"{"user_id":\#(user),"target_user_id":\#(target),"interaction_type":"\#(kind)"}"#
    }

    private func statuses(_ answer: Answer) -> [Int64] { (answer.json["results"]?.array ?? []).compactMap { $0["status"]?.integer } }

    @Test("Rows that are refused say why and stop no other row")
    func users() async {
        let harness = await Harness(people: 1)
        let body = "[\(Self.person("A")),\(Self.person("B", age: 7)),{\"name\":1},\(Self.person("C"))]"
        let answer = await harness.send(.post, "/api/v1/users/batch", body: body)
        #expect(answer.status == 207)
        #expect(self.statuses(answer) == [201, 422, 422, 201])
        #expect(answer.json["succeeded"] == 2 && answer.json["failed"] == 2)
        let refused = answer.json["results"]?.array?[1]
        #expect(refused?["detail"]?.array?.first?["loc"] == ["body", 1, "age"])
        #expect(answer.json["results"]?.array?[3]["user"]?["name"] == "C")
        #expect(harness.store.state.withLock { $0.users.count } == 3)
    }

    @Test func linesAreRowsToo() async {
        let harness = await Harness(people: 3)
        let lines = "\(Self.like(1, 2))\n\n\(Self.like(2, 1))\r\n\(Self.like(1, 99))\n"
        let answer = await harness.send(
            .post, "/api/v1/interactions/batch", body: lines, headers: ["Content-Type": "application/x-ndjson"])
        #expect(answer.status == 207)
        #expect(self.statuses(answer) == [201, 201, 404])
        #expect(answer.json["results"]?.array?[1]["interaction"]?["matched"] == true)
        let broken = await harness.send(
            .post, "/api/v1/interactions/batch", body: "\(Self.like(1, 2))\n{", headers: ["Content-Type": "application/x-ndjson"])
        #expect(broken.status == 400)
        #expect(broken.text.contains("Line 2"))
    }

    @Test func aBatchIsBounded() async {
        let harness = await Harness(people: 1)
        let body = "[" + Array(repeating: Self.person("A"), count: 501).joined(separator: ",") + "]"
        #expect(await harness.send(.post, "/api/v1/users/batch", body: body).status == 422)
        #expect(await harness.send(.post, "/api/v1/users/batch", body: "{}").status == 422)
        #expect(harness.store.state.withLock { $0.users.count } == 1)
        // Only batches take lines.
        let alone = await harness.send(
            .post, "/api/v1/users/", body: Self.person("A"), headers: ["Content-Type": "application/x-ndjson"])
        #expect(alone.status == 415)
    }

    @Test("A block within a batch takes both from each other's cached lists before the answer")
    func blocks() async {
        let harness = await Harness(people: 5)
        #expect(await harness.recommendations(of: 1).ids.contains(3))
        #expect(await harness.send(.post, "/api/v1/interactions/batch", body: "[\(Self.like(3, 1, "block"))]").status == 200)
        #expect(await !harness.recommendations(of: 1).ids.contains(3))
        harness.cache.setAway(true)
        let unconfirmed = await harness.send(.post, "/api/v1/interactions/batch", body: "[\(Self.like(2, 1, "block"))]")
        #expect(unconfirmed.status == 503)
    }

    @Test func aRepeatedBatchIsDoneOnce() async {
        let harness = await Harness(people: 1)
        let body = "[\(Self.person("A")),\(Self.person("B", age: 7))]"
        let first = await harness.send(.post, "/api/v1/users/batch", body: body, headers: ["Idempotency-Key": "k"])
        let second = await harness.send(.post, "/api/v1/users/batch", body: body, headers: ["Idempotency-Key": "k"])
        #expect(first.status == 207 && second.status == 207 && first.bytes == second.bytes)
        #expect(harness.store.state.withLock { $0.users.count } == 2)
    }

    @Test func aBatchCountsForItsRows() async {
        let harness = await Harness(people: 9) { $0.rateLimits.user = RateLimitPolicy(rate: 1, burst: 5) }
        let body = "[" + (2...5).map { Self.like(1, $0) }.joined(separator: ",") + "]"
        #expect(await harness.send(.post, "/api/v1/interactions/batch", body: body, token: "user:1").status == 200)
        #expect(await harness.send(.post, "/api/v1/interactions/batch", body: body, token: "user:1").status == 429)
    }

    @Test func listsForMany() async {
        let harness = await Harness(people: 6)
        let answer = await harness.send(.post, "/api/v1/recommendations/batch", body: #"{"user_ids":[1,99,2],"limit":3}"#)
        #expect(answer.status == 207)
        #expect(self.statuses(answer) == [200, 404, 200])
        #expect(answer.json["results"]?.array?[0]["list"]?["total_count"] == 3)
        let alone = await harness.recommendations("?limit=3")
        #expect(answer.json["results"]?.array?[0]["list"]?["list_id"] == alone.json["list_id"], "it came from one cache")
        for body in [#"{"user_ids":[0]}"#, #"{}"#, #"{"user_ids":[1],"limit":101}"#] {
            #expect(await harness.send(.post, "/api/v1/recommendations/batch", body: body).status == 422)
        }
    }
}
