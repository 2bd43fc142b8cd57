import Domain
import GatewayCore
import HTTPTypes
import Testing

@Suite struct AuthenticationTests {
    @Test("Health is open", arguments: ["/api/v1/health/", "/api/v1/health/ready", "/api/v1/health/live"])
    func open(path: String) async { #expect(await Harness(people: 1).get(path, token: nil).status == 200) }

    @Test(
        "Without a valid token there is a 401",
        arguments: [
            nil, "garbage", "user:abc", "user:0", "user:-1", "user:", "king:1", "user:1:other", "user:1:duet:1000", "service:",
        ] as [String?])
    func unauthorized(token: String?) async {
        let answer = await Harness(people: 3).get("/api/v1/users/1", token: token)
        #expect(answer.status == 401)
        #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
    }

    @Test("Only bearer tokens are taken", arguments: ["Basic abc", "Bearer", "Bearer a b", ""])
    func scheme(header: String) async {
        #expect(await Harness(people: 1).get("/api/v1/users/1", token: nil, headers: ["Authorization": header]).status == 401)
    }

    @Test func aRememberedTokenStillExpires() async {
        let harness = await Harness(people: 1)
        let token = "user:1:duet:1800000060"
        #expect(await harness.get("/api/v1/users/1", token: token).status == 200)
        harness.clock.advance(.seconds(89))  // Clocks may differ by half a minute.
        #expect(await harness.get("/api/v1/users/1", token: token).status == 200)
        harness.clock.advance(.seconds(1))
        #expect(await harness.get("/api/v1/users/1", token: token).status == 401)
    }

    private static let creation = #"{"name":"A","age":30,"gender":"male","location":"Oslo"}"#

    /// method, path, body, statuses for user 1, service, admin.
    static let matrix: [(HTTPRequest.Method, String, String?, Int, Int, Int)] = [
        (.post, "/api/v1/users/", creation, 403, 201, 201),
        (.get, "/api/v1/users/", nil, 200, 200, 200),
        (.get, "/api/v1/users/1", nil, 200, 200, 200),
        (.get, "/api/v1/users/2", nil, 200, 200, 200),
        (.put, "/api/v1/users/1", #"{"age":31}"#, 200, 200, 200),
        (.put, "/api/v1/users/2", #"{"age":31}"#, 403, 200, 200),
        (.delete, "/api/v1/users/2", nil, 403, 204, 204),
        (.delete, "/api/v1/users/1", nil, 204, 204, 204),
        (.get, "/api/v1/users/search/active", nil, 200, 200, 200),
        (.get, "/api/v1/users/search/by-interest?interest=music", nil, 200, 200, 200),
        (.post, "/api/v1/interactions/", #"{"user_id":1,"target_user_id":2,"interaction_type":"like"}"#, 201, 201, 201),
        (.post, "/api/v1/interactions/", #"{"user_id":2,"target_user_id":1,"interaction_type":"like"}"#, 403, 201, 201),
        (.get, "/api/v1/interactions/user/1", nil, 200, 200, 200),
        (.get, "/api/v1/interactions/user/2", nil, 403, 200, 200),
        (.get, "/api/v1/interactions/stats/2", nil, 403, 200, 200),
        (.get, "/api/v1/interactions/recent/2", nil, 403, 200, 200),
        (.get, "/api/v1/interactions/timeline/2", nil, 403, 200, 200),
        (.get, "/api/v1/interactions/mutual/2/1", nil, 200, 200, 200),
        (.get, "/api/v1/interactions/mutual/2/3", nil, 403, 200, 200),
        (.get, "/api/v1/recommendations/users/1/recommendations", nil, 200, 200, 200),
        (.get, "/api/v1/recommendations/users/2/recommendations", nil, 403, 200, 200),
        (.get, "/api/v1/recommendations/users/2/recommendations/explain", nil, 403, 200, 200),
        (.get, "/api/v1/recommendations/users/2/similar", nil, 403, 200, 200),
        (.post, "/api/v1/recommendations/refresh?user_id=2", nil, 403, 200, 200),
        (.get, "/api/v1/recommendations/performance", nil, 200, 200, 200),
        (.get, "/api/v1/recommendations/algorithm/versions", nil, 200, 200, 200),
        (.delete, "/api/v1/users/2/blocks/1", nil, 403, 404, 404),
        (.get, "/api/v1/health/metrics", nil, 200, 200, 200),
        (.get, "/api/v1/health/models", nil, 200, 200, 200),
        (.get, "/api/v1/health/dependencies", nil, 200, 200, 200),
        (.get, "/metrics", nil, 403, 200, 200),
        (.get, "/api/v1/users/1/likes-me", nil, 403, 200, 200),
        (.get, "/api/v1/users/1/matches", nil, 200, 200, 200),
        (.get, "/api/v1/users/2/matches", nil, 403, 200, 200),
        (.get, "/api/v1/users/1/export", nil, 200, 200, 200),
        (.get, "/api/v1/users/2/export", nil, 403, 200, 200),
        (.get, "/api/v1/users/export/anonymised", nil, 403, 403, 200),
        (.post, "/api/v1/users/batch", "[\(creation)]", 403, 200, 200),
        (.post, "/api/v1/interactions/batch", #"[{"user_id":1,"target_user_id":2,"interaction_type":"like"}]"#, 200, 200, 200),
        (.post, "/api/v1/interactions/batch", #"[{"user_id":2,"target_user_id":1,"interaction_type":"like"}]"#, 207, 200, 200),
        (.post, "/api/v1/recommendations/batch", #"{"user_ids":[1,2]}"#, 403, 200, 200),
        (.get, "/api/v1/admin/models", nil, 403, 403, 200),
        (.post, "/api/v1/admin/models/m0/activate", nil, 403, 403, 200),
        (.post, "/api/v1/admin/models/none/activate", nil, 403, 403, 404),
        (.post, "/api/v1/admin/models/rollback", nil, 403, 403, 409),
        (.get, "/api/v1/admin/mesh", nil, 403, 403, 200),
        (.post, "/api/v1/admin/cache/flush", nil, 403, 403, 200),
        (.get, "/api/v1/admin/erasures", nil, 403, 403, 200),
        (.post, "/api/v1/admin/revocations", #"{"subject":"1","expires_at":"2030-01-01T00:00:00Z"}"#, 403, 403, 204),
        (.get, "/api/v1/admin/audit", nil, 403, 403, 200),
        (.get, "/api/v1/admin/overview", nil, 403, 403, 200),
        (.get, "/api/v1/admin/alerts", nil, 403, 403, 200),
        (.get, "/api/v1/admin/figures", nil, 403, 403, 200),
        (.post, "/api/v1/admin/services/ranking/scale", #"{"replicas":3}"#, 403, 403, 200),
        (.post, "/api/v1/admin/processes/ranking-2/drain", nil, 403, 403, 200),
    ]

    @Test("Each role may do what it may do", arguments: matrix.indices)
    func roles(index: Int) async {
        let (method, path, body, user, service, admin) = Self.matrix[index]
        for (token, status) in [("user:1", user), ("service:x", service), ("admin:x", admin)] {
            let answer = await Harness(people: 5).send(method, path, body: body, token: token)
            #expect(answer.status == status, "\(method) \(path) as \(token): \(answer.text)")
        }
        #expect(await Harness(people: 5).send(method, path, body: body, token: nil).status == 401)
    }

    @Test func everyRouteOfTheTableIsGuarded() async {
        let harness = await Harness(people: 1)
        for route in harness.application.table.routes where route.access != .open {
            let path = route.path.replacing(/\{[a-z_]+\}/, with: "1")
            #expect(await harness.send(route.method, path, token: nil).status == 401, "\(route.operation)")
        }
    }
}
