import Domain
import GatewayCore
import HTTPTypes
import Testing

@Suite struct RateLimitTests {
    @Test("A person's burst goes through, the next is told when to come again, and then comes through")
    func burst() async {
        let harness = await Harness(people: 2) { $0.rateLimits.user = RateLimitPolicy(rate: 2, burst: 3) }
        for remaining in [2, 1, 0] {
            let answer = await harness.get("/api/v1/users/1", token: "user:1")
            #expect(answer.status == 200)
            #expect(answer.header("RateLimit-Limit") == "3")
            #expect(answer.header("RateLimit-Remaining") == "\(remaining)")
        }
        let denied = await harness.get("/api/v1/users/1", token: "user:1")
        #expect(denied.status == 429)
        #expect(denied.header("Retry-After") == "1")
        #expect(denied.header("RateLimit-Remaining") == "0")
        #expect(denied.json["error"]?.string?.isEmpty == false)
        // Somebody else is not touched.
        #expect(await harness.get("/api/v1/users/1", token: "user:2").status == 200)
        harness.clock.advance(.milliseconds(500))
        #expect(await harness.get("/api/v1/users/1", token: "user:1").status == 200)
        #expect(await harness.get("/api/v1/users/1", token: "user:1").status == 429)
    }

    @Test("Services and administrators are not limited")
    func unlimited() async {
        let harness = await Harness(people: 1) { $0.rateLimits.user = RateLimitPolicy(rate: 1, burst: 1) }
        for token in ["service:a", "admin:a"] {
            for _ in 0..<5 {
                let answer = await harness.get("/api/v1/users/1", token: token)
                #expect(answer.status == 200 && answer.header("RateLimit-Limit") == nil)
            }
        }
    }

    @Test("Without a token the address counts; and so do guesses of tokens")
    func addresses() async {
        let harness = await Harness(people: 1) { $0.rateLimits.address = RateLimitPolicy(rate: 1, burst: 2) }
        for (path, token, first) in [("/api/v1/health/live", nil, 200), ("/api/v1/users/1", "guess", 401)] as [(String, String?, Int)] {
            let peer = "192.0.2.\(first)"
            #expect(await harness.get(path, token: token, peer: peer).status == first)
            #expect(await harness.get(path, token: token, peer: peer).status == first)
            #expect(await harness.get(path, token: token, peer: peer).status == 429)
            #expect(await harness.get(path, token: token, peer: "198.51.100.1").status == first)
        }
        // Who has a token is not held up by the neighbours.
        #expect(await harness.get("/api/v1/users/1", token: "user:1", peer: "192.0.2.200").status == 200)
    }

    @Test("X-Forwarded-For is believed from a trusted proxy alone, and no further back than the last address that is none")
    func proxies() async {
        let harness = await Harness(people: 1) { configuration in
            configuration.rateLimits.address = RateLimitPolicy(rate: 1, burst: 1)
            configuration.trustedProxies = ["10.0.0.1", "10.0.0.2"]
        }
        func live(_ peer: String, _ forwarded: String) async -> Int {
            await harness.get("/api/v1/health/live", token: nil, headers: ["X-Forwarded-For": forwarded], peer: peer).status
        }
        #expect(await live("10.0.0.1", "203.0.113.5") == 200)
        #expect(await live("10.0.0.1", "203.0.113.6") == 200)
        #expect(await live("10.0.0.1", "1.2.3.4, 203.0.113.6, 10.0.0.2") == 429)
        #expect(await live("192.0.2.1", "203.0.113.7") == 200)
        #expect(await live("192.0.2.1", "203.0.113.8") == 429)
    }

    @Test("Requests that were taken ahead save questions, and nobody gets more than the bucket holds")
    func leases() async {
        let harness = await Harness(people: 1) { $0.rateLimits.user = RateLimitPolicy(rate: 1, burst: 40) }
        var admitted = 0
        for _ in 0..<100 { if await harness.get("/api/v1/users/1", token: "user:1").status == 200 { admitted += 1 } }
        #expect(admitted == 40)
        #expect(harness.rateLimits.calls < 12)
    }

    @Test("While the shared buckets are away each process counts for itself")
    func away() async {
        let harness = await Harness(people: 1) { $0.rateLimits.user = RateLimitPolicy(rate: 1, burst: 3) }
        harness.rateLimits.setAway(true)
        var statuses: [Int] = []
        for _ in 0..<5 { statuses.append(await harness.get("/api/v1/users/1", token: "user:1").status) }
        #expect(statuses == [200, 200, 200, 429, 429])
        #expect(harness.rateLimits.calls == 1)
        harness.clock.advance(.seconds(1))
        #expect(await harness.get("/api/v1/users/1", token: "user:1").status == 200)
    }
}
