import Domain
import GatewayCore
import HTTPTypes
import Testing

@Suite("The operator's view")
struct ObservationTests {
    private func gateway(requests: Int, failures: Int = 0, slow: Int = 0, hits: Int = 0, misses: Int = 0) -> String {
        """
        # TYPE duet_http_requests_total counter
        duet_http_requests_total{method="GET",route="/api/v1/users/{user_id}",status="200"} \(requests - failures)
        duet_http_requests_total{method="GET",route="/api/v1/users/{user_id}",status="503"} \(failures)
        duet_http_request_seconds_bucket{route="/api/v1/users/{user_id}",le="0.01"} \(requests - slow)
        duet_http_request_seconds_bucket{route="/api/v1/users/{user_id}",le="1"} \(requests)
        duet_http_request_seconds_bucket{route="/api/v1/users/{user_id}",le="+Inf"} \(requests)
        duet_recommendation_cache_total{outcome="hit"} \(hits)
        duet_recommendation_cache_total{outcome="miss"} \(misses)
        duet_dependency_up{dependency="database"} 1
        duet_unknown_total 5
        process_cpu_seconds_total \(Double(requests) / 100)
        process_resident_memory_bytes 1e+07

        """
    }

    private func overview(_ harness: Harness) async -> JSONValue {
        await harness.get("/api/v1/admin/overview", token: "admin:x").json
    }

    private func mesh(_ processes: MeshLook.Process...) -> MeshLook { MeshLook(processes: processes) }

    @Test("Rates are of what was counted between two looks, over all processes")
    func rates() async throws {
        let harness = await Harness(people: 3)
        harness.mesh.set(
            self.mesh(
                FakeMesh.process("gateway", 1, metrics: self.gateway(requests: 1000)),
                FakeMesh.process("gateway", 2, metrics: self.gateway(requests: 500))))
        let first = await self.overview(harness)
        // What was counted before anybody looked is of no moment.
        #expect(first["traffic"]?["requests_per_second"]?.double == 0)
        harness.clock.advance(.seconds(5))
        harness.mesh.set(
            self.mesh(
                FakeMesh.process("gateway", 1, metrics: self.gateway(requests: 1040, failures: 1, hits: 30, misses: 10)),
                FakeMesh.process("gateway", 2, metrics: self.gateway(requests: 510))))
        let second = await self.overview(harness)
        let traffic = try #require(second["traffic"])
        #expect(traffic["seconds"]?.double == 5)
        #expect(traffic["requests_per_second"]?.double == 10)
        #expect(traffic["error_rate"]?.double == 0.02)
        #expect(traffic["hit_rate"]?.double == 0.75)
        #expect(traffic["degraded_rate"] == .null)
        let route = try #require(second["routes"]?.array?.first)
        #expect(route["route"]?.string == "/api/v1/users/{user_id}")
        #expect(route["requests"]?.integer == 50)
        #expect(route["failures"]?.integer == 1)
        let process = try #require(second["processes"]?.array?.first)
        #expect(process["name"]?.string == "gateway-1")
        #expect(process["cpu_share"]?.double == 0.08)
        #expect(process["dependencies"]?["database"]?.bool == true)
        #expect(second["history"]?.array?.count == 1)
    }

    @Test("A process that is started anew counts from zero; one that says nothing for a moment is not counted twice")
    func restarts() async throws {
        let harness = await Harness(people: 3)
        harness.mesh.set(self.mesh(FakeMesh.process("gateway", 1, metrics: self.gateway(requests: 1000))))
        _ = await self.overview(harness)
        harness.clock.advance(.seconds(2))
        harness.mesh.set(self.mesh(FakeMesh.process("gateway", 1)))
        #expect(await self.overview(harness)["point"]?["requests_per_second"]?.double == 0)
        harness.clock.advance(.seconds(2))
        harness.mesh.set(self.mesh(FakeMesh.process("gateway", 1, metrics: self.gateway(requests: 1010))))
        #expect(await self.overview(harness)["point"]?["requests_per_second"]?.double == 5)
        harness.clock.advance(.seconds(2))
        harness.mesh.set(self.mesh(FakeMesh.process("gateway", 1, metrics: self.gateway(requests: 6))))
        #expect(await self.overview(harness)["point"]?["requests_per_second"]?.double == 3)
    }

    @Test("What asks within a second sees the same look")
    func shared() async {
        let harness = await Harness(people: 3)
        harness.mesh.set(self.mesh(FakeMesh.process("gateway")))
        _ = await self.overview(harness)
        harness.mesh.set(self.mesh())
        #expect(await self.overview(harness)["processes"]?.array?.count == 3)
        harness.clock.advance(.seconds(1))
        #expect(await self.overview(harness)["processes"]?.array?.count == 2)
    }

    @Test("Processes that the supervisor knows and the mesh doesn't are shown")
    func supervised() async throws {
        let harness = await Harness(people: 3)
        harness.mesh.set(self.mesh(FakeMesh.process("ranking")))
        let processes = try #require(await self.overview(harness)["processes"]?.array)
        #expect(processes.compactMap { $0["name"]?.string } == ["ranking-1", "ranking-2"])
        #expect(processes[0]["restarts"]?.integer == 3)
        #expect(processes[1]["state"]?.string == "unreachable")
        #expect(processes[1]["phase"]?.string == "backing off")
    }

    @Test("Conditions become alerts once they have held, and end with them")
    func alerts() async throws {
        let harness = await Harness(people: 3)
        func names() async -> [String] {
            harness.clock.advance(.seconds(4))
            return (await harness.get("/api/v1/admin/alerts", token: "admin:x").json.array ?? []).compactMap { $0["name"]?.string }
        }
        let whole = ["gateway", "candidate", "ranking", "feature"].map { FakeMesh.process($0) }
        harness.mesh.set(MeshLook(processes: whole))
        _ = await names()
        var broken = whole
        broken[1].state = .unreachable
        harness.mesh.set(MeshLook(processes: broken))
        #expect(await names().contains("ServiceDown") == false)
        let held = await names()
        #expect(held.contains("ServiceDown") && held.contains("ProcessDown"))
        #expect(held.firstIndex(of: "ServiceDown") == 0, "The critical ones come first.")
        harness.mesh.set(MeshLook(processes: whole))
        #expect(await names().contains("ServiceDown") == false)
    }

    @Test("A share of failures above a twentieth is an alert")
    func errorRate() async throws {
        let harness = await Harness(people: 3)
        harness.mesh.set(self.mesh(FakeMesh.process("gateway", 1, metrics: self.gateway(requests: 100))))
        _ = await self.overview(harness)
        harness.clock.advance(.seconds(5))
        harness.mesh.set(self.mesh(FakeMesh.process("gateway", 1, metrics: self.gateway(requests: 200, failures: 6, slow: 50))))
        let alerts = await self.overview(harness)["alerts"]?.array ?? []
        #expect(alerts.contains { $0["name"]?.string == "HighErrorRate" && $0["severity"]?.string == "critical" })
        #expect(alerts.contains { $0["name"]?.string == "HighLatency" })
    }

    @Test("Scaling and draining are asked of the supervisor, and written down before")
    func control() async throws {
        let harness = await Harness(people: 3)
        let scaled = await harness.send(.post, "/api/v1/admin/services/ranking/scale", body: #"{"replicas":4}"#, token: "admin:x")
        #expect(scaled.status == 200 && scaled.json["state"]?.string == "done")
        harness.control.setAnswer(.underWay)
        #expect(await harness.send(.post, "/api/v1/admin/processes/ranking-2/drain", token: "admin:x").status == 202)
        harness.control.setAnswer(.refused("It is the last."))
        let refused = await harness.send(.post, "/api/v1/admin/processes/ranking-1/drain", token: "admin:x")
        #expect(refused.status == 409 && refused.json["error"]?.string == "It is the last.")
        #expect(harness.control.requests == ["scale ranking=4", "drain ranking-2", "drain ranking-1"])
        let trail = await harness.get("/api/v1/admin/audit", token: "admin:x").json.array ?? []
        #expect(trail.compactMap { $0["action"]?.string }.filter { $0 != "service.scale" } == ["process.drain", "process.drain"])
        #expect(trail.contains { $0["action"]?.string == "service.scale" && $0["target"]?.string == "ranking=4" })
    }

    @Test("Where nobody supervises, the answer says who to ask")
    func unsupervised() async {
        let harness = await Harness(people: 3, isSupervised: false)
        #expect(await self.overview(harness)["services"] == .null)
        let answer = await harness.send(.post, "/api/v1/admin/services/ranking/scale", body: #"{"replicas":4}"#, token: "admin:x")
        #expect(answer.status == 409)
    }

    @Test("Figures are told as the store tells them")
    func figures() async throws {
        let answer = await Harness(people: 3).get("/api/v1/admin/figures", token: "admin:x").json
        #expect(answer["people"]?.integer == 3)
        #expect(answer["refreshed_at"] == .null)
        #expect(answer["business"]?["like_rate"]?.double == 0.6)
        #expect(answer["days"]?.array?.first?["day"]?.string == "2027-01-15")
    }

    @Test("The page needs no token, holds nothing inline, and its parts may be kept for ever")
    func page() async throws {
        let harness = await Harness(people: 1)
        let page = await harness.get("/dashboard", token: nil)
        #expect(page.status == 200)
        let policy = try #require(page.header("Content-Security-Policy"))
        #expect(!policy.contains("unsafe") && policy.contains("default-src 'none'"))
        let parts = page.text.matches(of: /(?:src|href)="(\/dashboard\/[^"]+)"/).map { String($0.1) }
        #expect(parts.count >= 3)
        for path in parts {
            let part = await harness.get(path, token: nil)
            #expect(part.status == 200, "\(path)")
            #expect(part.header("Cache-Control")?.contains("immutable") == true)
        }
        #expect(!page.text.contains("{assets}"))
        for path in ["/dashboard/0123/app.js", "/dashboard/index.html", "/dashboard/../etc/passwd"] {
            #expect(await harness.get(path, token: nil).status == 404, "\(path)")
        }
        let script = try #require(parts.first { $0.hasSuffix("app.js") })
        let modules = await harness.get(script, token: nil).text.matches(of: /from "\.\/([a-z]+\.js)"/).map { String($0.1) }
        #expect(modules.count >= 6)
        for module in modules {
            #expect(await harness.get(script.replacing("app.js", with: module), token: nil).status == 200, "\(module)")
        }
    }
}
