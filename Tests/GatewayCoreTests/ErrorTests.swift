import Domain
import GatewayCore
import HTTPTypes
import Synchronization
import Testing

/// Every kind of error, and that all of them have one shape.
@Suite struct ErrorTests {
    private func expectShape(_ answer: Answer, _ status: Int) {
        #expect(answer.status == status)
        #expect(answer.json["error"]?.string?.isEmpty == false)
        #expect(answer.json["detail"] != nil)
        #expect(answer.json["request_id"]?.string == answer.header("X-Request-ID"))
        #expect(answer.json["timestamp"]?.string.flatMap { Timestamp(iso8601: $0) } != nil)
        #expect(answer.header("Content-Type") == "application/json")
        #expect(answer.header("X-Process-Time").flatMap { Double($0) } != nil)
    }

    @Test("Nothing at an address is a 404", arguments: ["/", "/api/v1/nothing", "/api/v2/users/", "/api/v1/users/1/blocks", "/%ff"])
    func unknownRoute(path: String) async {
        expectShape(await Harness().get(path), 404)
    }

    @Test(
        "A method that an address does not take is a 405 that names those it does",
        arguments: [
            ("/api/v1/users/", "GET, HEAD, POST"), ("/api/v1/users/1", "DELETE, GET, HEAD, PUT"), ("/api/v1/health/live", "GET, HEAD"),
            ("/api/v1/interactions", "POST"), ("/api/v1/users/1/blocks/2/", "DELETE"),
        ])
    func method(path: String, allowed: String) async {
        let answer = await Harness().send(.patch, path)
        expectShape(answer, 405)
        #expect(answer.header("Allow") == allowed)
    }

    @Test("Malformed JSON is a 400", arguments: ["{", "nope", "{\"name\":\"a\",\"name\":\"b\"}", "\"\\ud800\""])
    func malformed(body: String) async {
        expectShape(await Harness().send(.post, "/api/v1/users/", body: body), 400)
    }

    @Test func absentBodyIsInvalid() async {
        let answer = await Harness().send(.post, "/api/v1/users/", headers: ["Content-Type": "application/json"])
        expectShape(answer, 422)
        #expect(answer.faults == ["body"])
    }

    @Test(
        "Anything but JSON is a 415",
        arguments: ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "json", ""])
    func mediaType(type: String) async {
        let answer = await Harness().send(.post, "/api/v1/users/", body: "{}", headers: ["Content-Type": type])
        expectShape(answer, 415)
    }

    @Test("JSON under its other names is taken", arguments: ["application/json; charset=UTF-8", "Application/JSON", "application/merge-patch+json"])
    func otherMediaTypes(type: String) async {
        #expect(await Harness().send(.post, "/api/v1/users/", body: "{}", headers: ["Content-Type": type]).status == 422)
    }

    @Test func largeBodyIsRefused() async {
        let body = "{\"name\":\"\(String(repeating: "a", count: 1 << 20))\"}"
        expectShape(await Harness().send(.post, "/api/v1/users/", body: body), 413)
        expectShape(
            await Harness().send(.post, "/api/v1/users/", body: "{}", headers: ["Content-Length": "99999999"]), 413)
    }

    @Test func storeAwayIsA503WithoutItsSecrets() async {
        let harness = await Harness(people: 3)
        harness.store.setAway(true)
        for path in ["/api/v1/users/1", "/api/v1/users/", "/api/v1/interactions/stats/1", "/api/v1/recommendations/users/1/recommendations"] {
            let answer = await harness.get(path)
            expectShape(answer, 503)
            #expect(answer.header("Retry-After") != nil)
            #expect(!answer.text.contains("SELECT"))
        }
    }

    @Test("A sane request id is kept, another one replaced", arguments: [("abc-1.2_3:4", true), ("a b", false), ("", false), ("ä", false)])
    func requestID(id: String, isKept: Bool) async {
        let answer = await Harness().get("/api/v1/health/live", headers: ["X-Request-ID": id])
        #expect((answer.header("X-Request-ID") == id) == isKept)
        #expect(answer.header("X-Request-ID")?.isEmpty == false)
    }

    @Test func longRequestIDIsReplaced() async {
        let answer = await Harness().get("/api/v1/health/live", headers: ["X-Request-ID": String(repeating: "a", count: 129)])
        #expect(answer.header("X-Request-ID")?.utf8.count == 36)
    }

    @Test("The trailing slash makes no difference", arguments: ["/api/v1/users/1", "/api/v1/users/1/", "/api/v1/users", "/api/v1/users/"])
    func trailingSlash(path: String) async {
        #expect(await Harness(people: 2).get(path).status == 200)
    }

    @Test func headHasNoBody() async {
        let harness = await Harness(people: 1)
        let (get, head) = (await harness.get("/api/v1/users/1"), await harness.send(.head, "/api/v1/users/1"))
        #expect(head.status == 200)
        #expect(head.bytes.isEmpty)
        #expect(head.header("Content-Length") == get.header("Content-Length"))
    }
}
