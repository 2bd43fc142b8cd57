import Foundation
import Testing

/// What a user of the whole system sees, over HTTP, with nothing faked.
@Suite("End to end", .serialized)
struct ServingTests {
    private static let installation = Result { try Installation() }
    private let duet: Installation
    private let http: HTTPClient

    init() throws {
        self.duet = try Self.installation.get()
        self.http = self.duet.client()
    }

    private func recommendations(_ id: Int, _ query: String = "") throws -> HTTPAnswer {
        try self.http.get("/api/v1/recommendations/users/\(id)/recommendations\(query)")
    }

    private func ids(_ answer: HTTPAnswer) -> [Int] {
        (answer.object["recommendations"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
    }

    private func create(_ name: String) throws -> Int {
        let answer = try self.http.post(
            "/api/v1/users/",
            #"{"name":"\#(name)","age":31,"gender":"female","location":"Lisbon","bio":"Climbs, reads, cooks","interests":["climbing","cooking"]}"#)
        #expect(answer.status == 201)
        return try #require(answer.object["id"] as? Int)
    }

    @Test("Twenty people come, each whole, with a probability, in order of fit")
    func recommends() throws {
        let answer = try self.recommendations(1)
        #expect(answer.status == 200)
        let people = try #require(answer.object["recommendations"] as? [[String: Any]])
        #expect(people.count == 20)
        #expect(Set(people.compactMap { $0["id"] as? Int }).count == 20)
        #expect(!people.contains { $0["id"] as? Int == 1 })
        for person in people {
            let keys = ["id", "name", "age", "gender", "location", "bio", "interests", "created_at", "last_active_at", "match_score", "sources"]
            for key in keys { #expect(person.keys.contains(key), "\(key)") }
            let score = try #require(person["match_score"] as? Double)
            #expect((0...1).contains(score))
            #expect((person["sources"] as? [String])?.isEmpty == false)
        }
        for key in ["total_count", "algorithm_version", "generation_time_ms", "request_id", "list_id", "degraded"] {
            #expect(answer.object.keys.contains(key), "\(key)")
        }
        #expect((answer.object["degraded"] as? [Any])?.isEmpty == true)
        #expect(answer.headers["x-request-id"]?.isEmpty == false)
    }

    @Test("The contributions of an explanation add up to the logit of its score")
    func explains() throws {
        let answer = try self.http.get("/api/v1/recommendations/users/2/recommendations/explain?limit=10")
        #expect(answer.status == 200)
        let explanations = try #require(answer.object["explanations"] as? [String: [String: Any]])
        #expect(explanations.count == 10)
        for (_, explanation) in explanations {
            let score = try #require(explanation["score"] as? Double)
            let intercept = try #require(explanation["intercept"] as? Double)
            let terms = try #require(explanation["contributing_features"] as? [String: Double])
            #expect(abs(terms.values.reduce(intercept, +) - log(score / (1 - score))) < 1e-6)
            #expect((explanation["reasons"] as? [String])?.isEmpty == false)
        }
    }

    @Test("Whom one has passed on, and whom one has blocked, does not come back; nor does the blocker to the blocked")
    func seenAndBlocked() throws {
        let first = self.ids(try self.recommendations(3))
        try #require(first.count >= 2)
        for (target, kind) in [(first[0], "dislike"), (first[1], "block")] {
            let answer = try self.http.post(
                "/api/v1/interactions/", #"{"user_id":3,"target_user_id":\#(target),"interaction_type":"\#(kind)"}"#)
            #expect(answer.status == 201)
        }
        let second = self.ids(try self.recommendations(3))
        #expect(!second.contains(first[0]) && !second.contains(first[1]))
        let unseen = self.ids(try self.recommendations(3, "?exclude_seen=false&limit=100"))
        #expect(!unseen.contains(first[1]))
        #expect(!self.ids(try self.recommendations(first[1], "?exclude_seen=false&limit=100")).contains(3))
    }

    @Test("Filters hold for every entry")
    func filters() throws {
        let answer = try self.recommendations(4, "?min_age=25&max_age=35&gender=female&limit=50&exclude_seen=false")
        #expect(answer.status == 200)
        for person in answer.object["recommendations"] as? [[String: Any]] ?? [] {
            let age = try #require(person["age"] as? Int)
            #expect((25...35).contains(age))
            #expect(person["gender"] as? String == "female")
        }
    }

    @Test("A new person gets people at once, can be changed, and is gone after an erasure")
    func newPerson() throws {
        let id = try self.create("Nova Nightingale")
        #expect(self.ids(try self.recommendations(id)).count >= 10)
        let changed = try self.http.request("PUT", "/api/v1/users/\(id)", body: #"{"bio":null,"age":32}"#)
        #expect(changed.status == 200)
        #expect(changed.object["age"] as? Int == 32)
        #expect(changed.object["bio"] is NSNull)
        let erased = try self.http.request("DELETE", "/api/v1/users/\(id)")
        #expect(erased.status == 204)
        #expect(erased.headers["location"]?.hasPrefix("/api/v1/erasures/") == true)
        #expect(try self.http.get("/api/v1/users/\(id)").status == 404)
        #expect(try self.recommendations(id).status == 404)
    }

    @Test("Of a mutual like exactly one answer says that it matched")
    func mutualLike() throws {
        let first = try self.create("Ada Crossing")
        let second = try self.create("Ben Crossing")
        let there = try self.http.post("/api/v1/interactions/", #"{"user_id":\#(first),"target_user_id":\#(second),"interaction_type":"like"}"#)
        let back = try self.http.post("/api/v1/interactions/", #"{"user_id":\#(second),"target_user_id":\#(first),"interaction_type":"like"}"#)
        #expect([there.object["matched"] as? Bool, back.object["matched"] as? Bool] == [false, true])
    }

    @Test(
        "Bad input answers with the right status in the one error shape",
        arguments: [
            ("GET", "/api/v1/users/999999999", nil, 404), ("GET", "/api/v1/users/0", nil, 422), ("GET", "/api/v1/users/abc", nil, 422),
            ("GET", "/api/v1/nowhere", nil, 404), ("PATCH", "/api/v1/users/1", nil, 405), ("POST", "/api/v1/users/", "{", 400),
            ("POST", "/api/v1/users/", #"{"name":" ","age":17,"gender":"x","location":""}"#, 422),
            ("POST", "/api/v1/users/", #"{"name":"A","age":30,"gender":"male","location":"Rome","shoe":1}"#, 422),
            ("PUT", "/api/v1/users/1", "{}", 422),
            ("POST", "/api/v1/interactions/", #"{"user_id":1,"target_user_id":1,"interaction_type":"like"}"#, 400),
            ("POST", "/api/v1/interactions/", #"{"user_id":1,"target_user_id":999999999,"interaction_type":"like"}"#, 404),
            ("POST", "/api/v1/interactions/", #"{"user_id":1,"target_user_id":2,"interaction_type":"poke"}"#, 422),
            ("POST", "/api/v1/interactions/", #"{"user_id":true,"target_user_id":2,"interaction_type":"like"}"#, 422),
            ("GET", "/api/v1/users/?min_age=50&max_age=20", nil, 422), ("GET", "/api/v1/users/?limit=1001", nil, 422),
            ("GET", "/api/v1/recommendations/users/1/recommendations?limit=101", nil, 422),
            ("GET", "/api/v1/recommendations/users/1/recommendations?algorithm_version=nope", nil, 422),
            ("GET", "/api/v1/recommendations/users/999999999/recommendations", nil, 404),
        ] as [(String, String, String?, Int)])
    func badInput(method: String, path: String, body: String?, status: Int) throws {
        let answer = try self.http.request(method, path, body: body)
        #expect(answer.status == status, "\(String(decoding: answer.body, as: UTF8.self))")
        for key in ["error", "detail", "request_id", "timestamp"] { #expect(answer.object.keys.contains(key), "\(key)") }
    }

    @Test("Nobody reads without a token; a user acts only for themself; the health of the system is open")
    func authentication() throws {
        let path = "/api/v1/users/1"
        #expect(try HTTPClient(port: self.duet.port).get(path).status == 401)
        #expect(try self.duet.client(token: self.duet.token + "x").get(path).status == 401)
        let minted = try self.duet.duet(["token", "--role", "user", "--sub", "5"])
        let person = self.duet.client(token: String(minted.output.split(separator: "\n").last ?? ""))
        #expect(try person.get("/api/v1/recommendations/users/5/recommendations").status == 200)
        #expect(try person.get("/api/v1/recommendations/users/6/recommendations").status == 403)
        #expect(try person.post("/api/v1/interactions/", #"{"user_id":6,"target_user_id":5,"interaction_type":"like"}"#).status == 403)
        let health = try HTTPClient(port: self.duet.port).get("/api/v1/health/")
        #expect(health.status == 200)
        #expect(health.object["status"] as? String == "healthy")
    }

    @Test("Who asks too often is told when to come back, out of a bucket that all gateways share; others aren't held up")
    func rateLimits() throws {
        let minted = try self.duet.duet(["token", "--role", "user", "--sub", "8"])
        let client = self.duet.client(token: String(minted.output.split(separator: "\n").last ?? ""))
        let start = ContinuousClock.now
        var answers: [HTTPAnswer] = []
        while answers.last?.status != 429, answers.count < 2000 { answers.append(try client.get("/api/v1/users/8")) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        #expect(answers.dropLast().allSatisfy { $0.status == 200 })
        // Sixty at once, twenty a second after that.
        #expect(answers.count > 60)
        #expect(Double(answers.count) <= 62 + 20 * seconds)
        let refusal = try #require(answers.last)
        #expect(refusal.status == 429)
        #expect((refusal.headers["retry-after"].flatMap { Int($0) } ?? 0) >= 1)
        #expect(refusal.headers["ratelimit-remaining"] == "0")
        #expect(try self.duet.cacheContent().contains("rate:s:8"))
        #expect(try self.http.get("/api/v1/users/8").status == 200)
        try eventually(within: 5, "the bucket fills again") { try client.get("/api/v1/users/8").status == 200 }
    }

    @Test("One service is scaled and nothing else restarts")
    func scaling() throws {
        let before = try ["candidate", "feature", "gateway"].map { try self.duet.processes(of: $0).sorted() }
        #expect(try self.duet.duet(["scale", "ranking=3"]).status == 0)
        try eventually(within: 10, "three ranking replicas") { try self.duet.processes(of: "ranking").count == 3 }
        #expect(try ["candidate", "feature", "gateway"].map { try self.duet.processes(of: $0).sorted() } == before)
        #expect(try self.duet.duet(["scale", "ranking=2"]).status == 0)
        try eventually(within: 10, "two ranking replicas") { try self.duet.processes(of: "ranking").count == 2 }
    }

    @Test("An administrator scales and drains over HTTP, and the overview shows it")
    func operatorsView() throws {
        let minted = try self.duet.duet(["token", "--role", "admin"])
        let token = try #require(minted.output.split(separator: "\n").last.map(String.init))
        let admin = self.duet.client(token: token)
        func replicas() throws -> [[String: Any]] {
            let processes = try #require(try admin.get("/api/v1/admin/overview").object["processes"] as? [[String: Any]])
            return processes.filter { $0["service"] as? String == "feature" && $0["state"] as? String == "serving" }
        }
        let before = try replicas().compactMap { $0["pid"] as? Int }
        #expect(before.count == 2)
        #expect(try Set(before) == Set(self.duet.processes(of: "feature").map(Int.init)))
        #expect([200, 202].contains(try admin.request("POST", "/api/v1/admin/services/feature/scale", body: #"{"replicas":3}"#).status))
        try eventually(within: 20, "three feature replicas") { try replicas().count == 3 }
        #expect([200, 202].contains(try admin.request("POST", "/api/v1/admin/processes/feature-3/drain").status))
        try eventually(within: 20, "the drained one is gone") { try replicas().compactMap { $0["pid"] as? Int } == before }
        #expect(try admin.request("POST", "/api/v1/admin/services/postgres/scale", body: #"{"replicas":2}"#).status == 409)
        #expect(try self.http.get("/api/v1/admin/overview").status == 403)
    }

    @Test("A service's log level changes while it runs, and no line of any log names a person or quotes what they wrote")
    func logs() throws {
        let id = try self.create("Zenobia Quillfeather")
        #expect(try self.duet.duet(["log-level", "all", "debug"]).status == 0)
        let shown = try self.duet.duet(["log-level", "ranking", "--json"])
        #expect(shown.output.contains(#""level" : "DEBUG""#) || shown.output.contains(#""level":"DEBUG""#), "\(shown.output)")
        let body = #"{"name":"Zenobia Quillfeather-Brown","bio":"Whittles improbable oboes"}"#
        #expect(try self.http.request("PUT", "/api/v1/users/\(id)", body: body).status == 200)
        #expect(try self.recommendations(id).status == 200)
        #expect(try self.http.get("/api/v1/users/?q=oboes").status == 200)
        #expect(try self.http.post("/api/v1/users/", #"{"name":"Zenobia Quillfeather","age":7}"#).status == 422)
        _ = try self.http.post("/api/v1/interactions/", #"{"user_id":\(id),"target_user_id":2,"interaction_type":"like"}"#)
        #expect(try self.duet.duet(["log-level", "all", "info"]).status == 0)
        let logs = try self.duet.logs()
        #expect(logs.contains(#""level":"DEBUG""#))
        for word in ["Quillfeather", "oboes", "Climbs, reads", self.duet.token] { #expect(!logs.contains(word), "\(word) is in a log") }
        #expect(try self.duet.duet(["errors"]).status == 0)
        #expect(try self.duet.duet(["log-level", "nobody"]).status == 1)
        #expect(try self.duet.duet(["log-level", "ranking", "loud"]).status == 2)
    }

    @Test("What was exported is what was imported")
    func exporting() throws {
        let out = self.duet.folder.appending(path: "export").path
        let answer = try self.duet.duet(["export", "--out", out])
        #expect(answer.status == 0, "\(answer.output)")
        let people = try String(contentsOfFile: out + "/users.csv", encoding: .utf8)
        #expect(people.hasPrefix("id,name,age,gender,location,bio,interests,latitude,longitude,created_at"))
        #expect(people.split(separator: "\n").count > 600)
    }
}
