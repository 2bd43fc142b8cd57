import Domain
import GatewayCore
import HTTPTypes
import Synchronization
import Testing

@Suite struct UserRouteTests {
    private static let valid = #"{"name":"Jane","age":28,"gender":"female","location":"San Francisco""#

    @Test func creationAnswersTheWholeUser() async {
        let harness = await Harness()
        let answer = await harness.send(
            .post, "/api/v1/users/", body: Self.valid + #","bio":null,"interests":[" hiking ","music","hiking"]}"#)
        #expect(answer.status == 201)
        #expect(answer.header("Location") == "/api/v1/users/1")
        let expected = """
            {"id":1,"name":"Jane","age":28,"gender":"female","location":"San Francisco","bio":null,"interests":["hiking","music"],\
            "created_at":"2027-01-15T08:00:00Z","last_active_at":null,"match_score":null}
            """
        #expect(answer.text == expected)
    }

    @Test(
        "What is wrong with a new user is said where it is",
        arguments: [
            (#"{"age":28,"gender":"female","location":"x"}"#, ["body.name"]),
            (#"{"name":"","age":28,"gender":"female","location":"x"}"#, ["body.name"]),
            (#"{"name":"  ","age":28,"gender":"female","location":"x"}"#, ["body.name"]),
            (#"{"name":"\#(String(repeating: "é", count: 101))","age":28,"gender":"female","location":"x"}"#, ["body.name"]),
            (#"{"name":"a\u0000b","age":28,"gender":"female","location":"x"}"#, ["body.name"]),
            (#"{"name":"a","age":17,"gender":"female","location":"x"}"#, ["body.age"]),
            (#"{"name":"a","age":121,"gender":"female","location":"x"}"#, ["body.age"]),
            (#"{"name":"a","age":"28","gender":"female","location":"x"}"#, ["body.age"]),
            (#"{"name":"a","age":28.5,"gender":"female","location":"x"}"#, ["body.age"]),
            (#"{"name":"a","age":true,"gender":"female","location":"x"}"#, ["body.age"]),
            (#"{"name":"a","age":1e400,"gender":"female","location":"x"}"#, ["body.age"]),
            (#"{"name":"a","age":99999999999999999999,"gender":"female","location":"x"}"#, ["body.age"]),
            (#"{"name":"a","age":null,"gender":"female","location":"x"}"#, ["body.age"]),
            (#"{"name":"a","age":28,"gender":"Female","location":"x"}"#, ["body.gender"]),
            (#"{"name":"a","age":28,"gender":1,"location":""}"#, ["body.gender", "body.location"]),
            (#"{"name":"a","age":28,"gender":"other","location":"x","bio":"\#(String(repeating: "b", count: 1001))"}"#, ["body.bio"]),
            (#"{"name":"a","age":28,"gender":"other","location":"x","interests":"music"}"#, ["body.interests"]),
            (#"{"name":"a","age":28,"gender":"other","location":"x","interests":["a"," ",3]}"#, ["body.interests.1", "body.interests.2"]),
            (
                #"{"name":"a","age":28,"gender":"other","location":"x","interests":[\#(Array(repeating: "\"a\"", count: 51).joined(separator: ","))]}"#,
                ["body.interests"]
            ),
            (#"{"name":"a","age":28,"gender":"other","location":"x","id":5}"#, ["body.id"]),
            ("[]", ["body"]), ("null", ["body"]), ("3", ["body"]),
        ])
    func invalid(body: String, faults: [String]) async {
        let answer = await Harness().send(.post, "/api/v1/users/", body: body)
        #expect(answer.status == 422)
        #expect(answer.faults == faults, "\(answer.text)")
    }

    @Test("Limits count characters as JSON Schema does")
    func limits() async {
        // 100 scalars, 50 characters.
        let name = String(repeating: "e\u{301}", count: 50)
        let body =
            #"{"name":"\#(name)","age":18,"gender":"other","location":"\#(String(repeating: "ø", count: 200))","bio":"\#(String(repeating: "b", count: 1000))"}"#
        #expect(await Harness().send(.post, "/api/v1/users/", body: body).status == 201)
    }

    @Test("An address takes a whole number as JSON Schema does", arguments: ["1", "1.0", "1e0"])
    func wholeNumbers(id: String) async {
        #expect(await Harness(people: 1).get("/api/v1/users/\(id)").status == 200)
    }

    @Test("An id that is no positive integer is a 422", arguments: ["0", "-1", "abc", "1.5", "9223372036854775808", "%31x", "1e-3", "+1"])
    func invalidID(id: String) async {
        let answer = await Harness(people: 1).get("/api/v1/users/\(id)")
        #expect(answer.status == 422)
        #expect(answer.faults == ["path.user_id"])
    }

    @Test func unknownUserIs404() async {
        let harness = await Harness(people: 1)
        #expect(await harness.get("/api/v1/users/99").status == 404)
        #expect(await harness.send(.put, "/api/v1/users/99", body: #"{"age":30}"#).status == 404)
        #expect(await harness.send(.delete, "/api/v1/users/99").status == 404)
    }

    @Test func updateChangesWhatIsGiven() async {
        let harness = await Harness(people: 1)
        #expect(await harness.send(.put, "/api/v1/users/1", body: #"{"bio":"hello"}"#).json["bio"]?.string == "hello")
        let answer = await harness.send(.put, "/api/v1/users/1", body: #"{"bio":null,"age":44}"#)
        #expect(answer.status == 200)
        #expect(answer.json["bio"] == .null)
        #expect(answer.json["age"]?.integer == 44)
        #expect(answer.json["name"]?.string == "Person 1")
    }

    @Test("An update that says nothing, or nothing valid, is a 422", arguments: ["{}", #"{"age":null}"#, #"{"name":""}"#, #"{"x":1}"#])
    func invalidUpdate(body: String) async {
        #expect(await Harness(people: 1).send(.put, "/api/v1/users/1", body: body).status == 422)
    }

    @Test func erasureLeavesAReceipt() async throws {
        let harness = await Harness(people: 2)
        let answer = await harness.send(.delete, "/api/v1/users/1")
        #expect(answer.status == 204)
        #expect(answer.bytes.isEmpty)
        let location = try #require(answer.header("Location"))
        let state = await harness.get(location)
        #expect(state.json["status"]?.string == "pending")
        #expect(state.json["user_id"]?.integer == 1)
        #expect(await harness.get(location, token: "user:1").status == 200)
        #expect(await harness.get(location, token: "user:2").status == 404)
        #expect(await harness.get("/api/v1/erasures/nope").status == 422)
        #expect(await harness.get("/api/v1/erasures/00000000-0000-4000-8000-0000000000ff").status == 404)
    }

    @Test func listsArePaged() async throws {
        let harness = await Harness(people: 7)
        let first = await harness.get("/api/v1/users/?limit=3&gender=male")
        #expect(first.ids == [1, 3, 5])
        let cursor = try #require(first.header("X-Next-Cursor"))
        #expect(first.header("Link") == "</api/v1/users/?limit=3&gender=male&cursor=\(cursor)>; rel=\"next\"")
        let second = await harness.get("/api/v1/users/?limit=3&gender=male&cursor=\(cursor)")
        #expect(second.ids == [7])
        #expect(second.header("X-Next-Cursor") == nil)
        #expect(await harness.get("/api/v1/users/?skip=5").ids == [6, 7])
    }

    @Test(
        "Bad parameters are a 422 that names them",
        arguments: [
            ("limit=0", "query.limit"), ("limit=1001", "query.limit"), ("limit=", "query.limit"), ("limit=ten", "query.limit"),
            ("limit=1&limit=2", "query.limit"), ("skip=-1", "query.skip"), ("gender=x", "query.gender"), ("gender=", "query.gender"),
            ("min_age=40&max_age=30", "query.min_age"), ("location=", "query.location"), ("location=%00", "query.location"),
            ("location=%zz", "query.location"), ("q=%ff", "query.q"), ("cursor=o1", "query.cursor"), ("cursor=junk", "query.cursor"),
            ("min_age=99999999999999999999", "query.min_age"), ("limit=%201", "query.limit"),
        ])
    func invalidQuery(query: String, fault: String) async {
        let answer = await Harness(people: 1).get("/api/v1/users/?\(query)")
        #expect(answer.status == 422)
        #expect(answer.faults == [fault])
    }

    @Test func unknownParametersAreIgnored() async {
        #expect(await Harness(people: 2).get("/api/v1/users/?foo=bar&utm=").ids == [1, 2])
    }

    @Test func searchesNeedTheirParameters() async {
        let harness = await Harness(people: 6)
        #expect(await harness.get("/api/v1/users/search/by-interest").faults == ["query.interest"])
        #expect(await harness.get("/api/v1/users/search/by-interest?interest=topic+1").ids == [1, 6])
        #expect(await harness.get("/api/v1/users/search/active?days_since_active=366").status == 422)
    }

    @Test("A block hides each from the other, and looks like nobody")
    func blocked() async {
        let harness = await Harness(people: 3)
        harness.store.state.withLock { _ = $0.blocks.insert([2, 1].map { UserID($0) }) }
        let hidden = await harness.get("/api/v1/users/2", token: "user:1")
        let unknown = await harness.get("/api/v1/users/99", token: "user:1")
        #expect(hidden.status == 404 && unknown.status == 404)
        #expect(hidden.json["error"]?.string?.replacing("2", with: "99") == unknown.json["error"]?.string)
        #expect(await harness.get("/api/v1/users/", token: "user:1").ids == [1, 3])
        #expect(await harness.get("/api/v1/users/2").status == 200)
        #expect(await harness.get("/api/v1/users/1", token: "user:1").status == 200)
    }

    @Test func aBlockIsLiftedByItsMaker() async {
        let harness = await Harness(people: 2)
        harness.store.state.withLock { _ = $0.blocks.insert([1, 2].map { UserID($0) }) }
        #expect(await harness.send(.delete, "/api/v1/users/2/blocks/1", token: "user:2").status == 404)
        #expect(await harness.send(.delete, "/api/v1/users/1/blocks/2", token: "user:1").status == 204)
        #expect(await harness.send(.delete, "/api/v1/users/1/blocks/2", token: "user:1").status == 404)
    }

    @Test("A change of somebody is acknowledged only when no list can show what was")
    func changesNeedTheCache() async {
        let harness = await Harness(people: 3)
        harness.cache.setAway(true)
        let update = await harness.send(.put, "/api/v1/users/1", body: #"{"age":50}"#)
        #expect(update.status == 503)
        #expect(update.header("Retry-After") != nil)
        #expect(await harness.send(.delete, "/api/v1/users/2").status == 503)
        harness.cache.setAway(false)
        #expect(await harness.send(.put, "/api/v1/users/1", body: #"{"age":50}"#).status == 200)
        // The person is gone already: the repetition announces it once more and says so.
        let changesBefore = harness.cache.state.withLock { $0.safety }
        #expect(await harness.send(.delete, "/api/v1/users/2").status == 404)
        #expect(harness.cache.state.withLock { $0.safety } > changesBefore)
    }
}
