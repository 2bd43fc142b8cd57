import Domain
import GatewayCore
import HTTPTypes
import Synchronization
import Testing

@Suite struct PrivacyTests {
    @Test("A receipt is completed when no replica and no copy holds the person any more, and not before")
    func receipts() async throws {
        let harness = await Harness(people: 4)
        harness.replicas.setKnown([UserID(2)])
        let erased = await harness.send(.delete, "/api/v1/users/2")
        let receipt = erased.header("Location") ?? ""
        func state() async -> String? { await harness.get(receipt).json["status"]?.string }
        harness.clock.advance(.seconds(2))
        try await harness.application.finishErasures()
        #expect(await state() == "pending")
        #expect(harness.copies.removed.isEmpty, "a replica might store again what it still knows")

        harness.replicas.setKnown([])
        harness.copies.setAway(true)
        await #expect(throws: RepositoryError.self) { try await harness.application.finishErasures() }
        #expect(await state() == "pending")

        harness.copies.setAway(false)
        try await harness.application.finishErasures()
        #expect(await state() == "completed")
        #expect(harness.copies.removed == [UserID(2)])
        #expect(await harness.get(receipt).json["completed_at"]?.string != nil)
        #expect(await harness.get("/api/v1/admin/erasures", token: "admin:x").json.array?.isEmpty == true)
    }

    @Test("An answer that was under way when the person went gets time to be stored before copies are removed")
    func settling() async throws {
        let harness = await Harness(people: 2)
        _ = await harness.send(.delete, "/api/v1/users/2")
        try await harness.application.finishErasures()
        #expect(harness.copies.removed.isEmpty)
        #expect(await harness.get("/api/v1/admin/erasures", token: "admin:x").json.array?.count == 1)
    }

    @Test func anExportIsWrittenDownAndNeverStoredOnTheWay() async {
        let harness = await Harness(people: 2)
        let answer = await harness.get("/api/v1/users/1/export", token: "user:1")
        #expect(answer.status == 200)
        #expect(answer.header("Cache-Control") == "no-store")
        #expect(answer.json["profile"]?["name"] == "Person 1")
        #expect(await harness.get("/api/v1/users/99/export").status == 404)
        let entries = harness.store.state.withLock { $0.audit }
        #expect(entries.map(\.action) == ["user.export"])
        #expect(entries.first?.actor == "1" && entries.first?.role == "user" && entries.first?.target == "1")
    }

    @Test("What can't be written down is not done")
    func audit() async {
        let harness = await Harness(people: 2)
        harness.store.setAway(true)
        #expect(await harness.send(.post, "/api/v1/admin/cache/flush", token: "admin:x").status == 503)
        #expect(harness.copies.flushes == 0)
    }

    @Test func theAnonymisedSetIsOneObjectALine() async {
        let answer = await Harness(people: 3).get("/api/v1/users/export/anonymised", token: "admin:x")
        #expect(answer.status == 200)
        #expect(answer.header("Content-Type") == "application/x-ndjson")
        let lines = answer.text.split(separator: "\n")
        #expect(lines.count == 3)
        for line in lines {
            let person = try? JSONParser.parse(Array(line.utf8))
            #expect(person?["age_band"] == "20-29" && person?["likes_sent"] == 4)
            #expect(person?["name"] == nil && person?["bio"] == nil && person?["id"] == nil)
        }
    }

    // MARK: Pages

    @Test("Pages of likes and of interactions stay in step while rows are added")
    func pages() async {
        let harness = await Harness(people: 9)
        func like(_ user: Int, _ target: Int) async {
            harness.clock.advance(.seconds(1))
            _ = await harness.send(
                .post, "/api/v1/interactions/",
                body: #"{"user_id":\#(user),"target_user_id":\#(target),"interaction_type":"like"}"#)
        }
        for id in 2...6 { await like(id, 1) }
        for id in 2...6 { await like(7, id) }
        for (path, key) in [("/api/v1/users/1/likes-me", "liked_at"), ("/api/v1/interactions/user/7", "timestamp")] {
            var times: [String] = []
            var next: String? = "\(path)?limit=2"
            while let address = next {
                let page = await harness.get(address)
                #expect(page.status == 200)
                times += (page.json.array ?? []).compactMap { $0[key]?.string }
                next = page.header("Link").map { String($0.dropFirst().prefix { $0 != ">" }) }
                await like(8, 1)
                await like(7, 8)
            }
            #expect(times.count == 5 || path.contains("interactions"), "\(times)")
            #expect(times == times.sorted(by: >) && Set(times).count == times.count)
        }
        #expect(await harness.get("/api/v1/users/1/likes-me?cursor=a5").status == 422)
        #expect(await harness.get("/api/v1/interactions/user/7?cursor=o5").status == 422)
    }

    @Test func matchesAreListed() async {
        let harness = await Harness(people: 3)
        for (user, target) in [(1, 2), (2, 1)] {
            _ = await harness.send(
                .post, "/api/v1/interactions/", body: #"{"user_id":\#(user),"target_user_id":\#(target),"interaction_type":"like"}"#)
        }
        let answer = await harness.get("/api/v1/users/1/matches", token: "user:1")
        #expect(answer.json.array?.compactMap { $0["user"]?["id"]?.integer } == [2])
        #expect(await harness.get("/api/v1/users/99/matches").status == 404)
    }

    // MARK: Administration

    @Test func modelsAreActivatedAndRolledBack() async {
        let harness = await Harness(people: 1)
        let activated = await harness.send(.post, "/api/v1/admin/models/m0/activate", token: "admin:x")
        #expect(activated.json["version"] == "m0" && activated.json["active"] == true)
        #expect(await harness.get("/api/v1/recommendations/algorithm/versions").json["active"] == "m0")
        harness.clock.advance(.seconds(1))
        _ = await harness.send(.post, "/api/v1/admin/models/m1/activate", token: "admin:x")
        #expect(await harness.send(.post, "/api/v1/admin/models/rollback", token: "admin:x").json["version"] == "m0")
        let audit = await harness.get("/api/v1/admin/audit?limit=2", token: "admin:x")
        #expect(audit.json.array?.compactMap { $0["action"]?.string } == ["model.rollback", "model.activate"])
        let rest = await harness.get("/api/v1/admin/audit?cursor=\(audit.header("X-Next-Cursor") ?? "")", token: "admin:x")
        #expect(rest.json.array?.compactMap { $0["target"]?.string } == ["m0"])
    }

    @Test("A revoked subject is refused at once, a revocation that says nothing with 422")
    func revocation() async {
        let harness = await Harness(people: 2)
        #expect(await harness.get("/api/v1/users/1", token: "user:1").status == 200)
        let body = #"{"subject":"1","expires_at":"2030-01-01T00:00:00Z"}"#
        #expect(await harness.send(.post, "/api/v1/admin/revocations", body: body, token: "admin:x").status == 204)
        #expect(await harness.get("/api/v1/users/1", token: "user:1").status == 401)
        #expect(await harness.get("/api/v1/users/1", token: "user:2").status == 200)
        for body in [
            #"{"expires_at":"2030-01-01T00:00:00Z"}"#, #"{"subject":"1","token_id":"a","expires_at":"2030-01-01T00:00:00Z"}"#,
            #"{"subject":"1","expires_at":"2020-01-01T00:00:00Z"}"#, #"{"subject":"1"}"#,
        ] { #expect(await harness.send(.post, "/api/v1/admin/revocations", body: body, token: "admin:x").status == 422) }
    }

    @Test func theMeshIsShown() async {
        let answer = await Harness(people: 1).get("/api/v1/admin/mesh", token: "admin:x")
        #expect(answer.json["replicas"]?.array?.first?["name"] == "candidate-1")
    }
}
