import Domain
import GatewayCore
import Testing

@Suite struct HealthTests {
    @Test func wholeSystem() async {
        let answer = await Harness(people: 1).get("/api/v1/health/", token: nil)
        #expect(answer.status == 200)
        let expected = """
            {"status":"healthy","timestamp":"2027-01-15T08:00:00Z","version":"Two-Stage Recommender System","checks":{\
            "database":"healthy","redis":"healthy","candidate_service":"healthy","ranking_service":"healthy",\
            "feature_service":"healthy","recommendation_service":"healthy"}}
            """
        #expect(answer.text == expected)
    }

    @Test(
        "One part away: health says so, readiness only where nothing can be served",
        arguments: [
            ("database", 503, "unhealthy"), ("redis", 200, "healthy"), ("candidate_service", 200, "unhealthy"),
            ("ranking_service", 200, "unhealthy"), ("feature_service", 200, "unhealthy"),
        ])
    func oneAway(name: String, readiness: Int, recommendations: String) async {
        let harness = await Harness(people: 1)
        harness.probe.setBroken([name])
        await harness.application.prepare()
        let health = await harness.get("/api/v1/health/", token: nil)
        #expect(health.status == 503)
        #expect(health.json["status"]?.string == "unhealthy")
        #expect(health.json["checks"]?[name]?.string == "unhealthy")
        #expect(health.json["checks"]?["recommendation_service"]?.string == recommendations)
        let ready = await harness.get("/api/v1/health/ready", token: nil)
        #expect(ready.status == readiness)
        #expect(ready.json["checks"]?[name]?.string == "unhealthy")
        #expect(await harness.get("/api/v1/health/live", token: nil).status == 200)
        harness.probe.setBroken([])
        await harness.application.prepare()
        #expect(await harness.get("/api/v1/health/", token: nil).status == 200)
    }

    @Test func metricsCountByPattern() async {
        let harness = await Harness(people: 3)
        for id in 1...3 { _ = await harness.get("/api/v1/users/\(id)") }
        _ = await harness.get("/api/v1/users/77")
        _ = await harness.get("/api/v1/secret-path")
        let text = await harness.get("/metrics").text
        #expect(text.contains(#"duet_http_requests_total{method="GET",route="/api/v1/users/{user_id}",status="200"} 3"#))
        #expect(text.contains(#"duet_http_requests_total{method="GET",route="/api/v1/users/{user_id}",status="404"} 1"#))
        #expect(!text.contains("secret-path") && !text.contains("/users/1"))
        let summary = await harness.get("/api/v1/health/metrics").json
        #expect(summary["responses"]?["2xx"]?.integer == 4)
        #expect(summary["responses"]?["4xx"]?.integer == 2)
    }

    @Test func modelsAndDependencies() async {
        let harness = await Harness(people: 1)
        #expect(await harness.get("/api/v1/health/models").json["models"]?.array?.count == 2)
        let dependencies = await harness.get("/api/v1/health/dependencies").json["dependencies"]?.array
        #expect(dependencies?.count == 6)
        #expect(dependencies?.first?["name"]?.string == "database")
    }
}
