import Foundation
import Glibc
import Synchronization
import Testing

/// Real processes killed under a real load.
@Suite("Faults", .serialized)
struct FaultTests {
    private static let installation = Result { try Installation(people: 400, interactions: 8_000) }
    private let duet: Installation

    init() throws { self.duet = try Self.installation.get() }

    /// What a load saw: moments of the failures, seconds after its start.
    private final class Tally: Sendable {
        let state = Mutex((answers: 0, failures: [(moment: Double, what: String)]()))
        let stopped = Atomic(false)
    }

    /// Runs `body` while `workers` clients ask for recommendations without a pause; every request is a cache miss.
    private func underLoad(workers: Int, _ body: (_ elapsed: () -> Double) throws -> Void) throws -> (Int, [(moment: Double, what: String)]) {
        let tally = Tally()
        let start = ContinuousClock.now
        let elapsed = { (ContinuousClock.now - start) / .seconds(1) }
        let group = DispatchGroup()
        for worker in 0..<workers {
            let (port, token) = (self.duet.port, self.duet.token)
            Thread.detachNewThread {
                let client = HTTPClient(port: port, token: token)
                var turn = 0
                while !tally.stopped.load(ordering: .relaxed) {
                    turn += 1
                    let path = "/api/v1/recommendations/users/\(1 + (worker * 131 + turn * 7) % 400)/recommendations?limit=\(5 + turn % 90)"
                    var failure: String?
                    do {
                        let answer = try client.get(path)
                        if answer.status != 200 { failure = "\(answer.status) \(String(decoding: answer.body.prefix(200), as: UTF8.self))" }
                    } catch { failure = "\(error)" }
                    let moment = (ContinuousClock.now - start) / .seconds(1)
                    tally.state.withLock {
                        $0.answers += 1
                        if let failure { $0.failures.append((moment, failure)) }
                    }
                }
                group.leave()
            }
            group.enter()
        }
        let outcome = Result { try body(elapsed) }
        tally.stopped.store(true, ordering: .relaxed)
        group.wait()
        try outcome.get()
        return tally.state.withLock { ($0.answers, $0.failures) }
    }

    @Test(
        "A replica killed under load costs no more than the calls in flight there, none after a second, and is back within three",
        arguments: ["candidate", "ranking", "feature"])
    func killedReplica(service: String) throws {
        var killed = 0.0
        let workers = 4
        let (answers, failures) = try self.underLoad(workers: workers) { elapsed in
            try eventually(within: 5, "load runs") { elapsed() > 0.5 }
            let before = try self.duet.processes(of: service)
            let victim = try #require(before.first)
            killed = elapsed()
            #expect(kill(victim, SIGKILL) == 0)
            let back = try eventually(within: 5, "\(service) is back") {
                let now = try self.duet.processes(of: service)
                return now.count == before.count && !now.contains(victim)
            }
            #expect(back < 3)
            let resumed = elapsed()
            try eventually(within: 5, "load goes on") { elapsed() > resumed + 0.5 }
        }
        #expect(answers > 100)
        #expect(failures.count <= workers, "\(failures)")
        #expect(failures.allSatisfy { $0.moment < killed + 1 }, "killed at \(killed): \(failures)")
    }

    @Test("An interaction that was acknowledged survives the gateway's death")
    func killedGateway() throws {
        let client = self.duet.client()
        let answer = try client.post("/api/v1/interactions/", #"{"user_id":11,"target_user_id":12,"interaction_type":"super_like"}"#)
        for gateway in try self.duet.processes(of: "gateway") { kill(gateway, SIGKILL) }
        #expect(answer.status == 201)
        let id = try #require(answer.object["id"] as? Int)
        client.disconnect()
        try eventually(within: 5, "the interaction is there") {
            let history = try self.duet.client().get("/api/v1/interactions/user/11?interaction_type=super_like")
            return history.status == 200 && history.array.contains { $0["id"] as? Int == id }
        }
    }

    @Test("Redis stopped: said within two seconds, lists still come, and all is well when it returns")
    func redisStopped() throws {
        let client = self.duet.client()
        let process = try #require(try self.duet.processes(of: "redis").first)
        kill(process, SIGSTOP)
        defer { kill(process, SIGCONT) }
        try eventually(within: 2, "health says so") { try client.get("/api/v1/health/").status == 503 }
        for user in 21...30 {
            let answer = try client.get("/api/v1/recommendations/users/\(user)/recommendations")
            #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        }
        #expect(try client.get("/api/v1/health/ready").status == 200)
        kill(process, SIGCONT)
        try eventually(within: 5, "healthy again") { try client.get("/api/v1/health/").status == 200 }
    }

    @Test("PostgreSQL gone: 503 and never 500, said within two seconds, and all is well when it returns")
    func postgresKilled() throws {
        let client = self.duet.client()
        let process = try #require(try self.duet.processes(of: "postgres").first)
        kill(process, SIGKILL)
        try eventually(within: 2, "health says so") { try client.get("/api/v1/health/").status == 503 }
        var statuses: Set<Int> = []
        for user in 31...40 {
            statuses.insert(try client.get("/api/v1/recommendations/users/\(user)/recommendations?limit=7").status)
            statuses.insert(try client.get("/api/v1/users/\(user)").status)
        }
        #expect(statuses.isSubset(of: [200, 503]), "\(statuses)")
        try eventually(within: 20, "healthy again") { try client.get("/api/v1/health/").status == 200 }
        #expect(try client.get("/api/v1/recommendations/users/41/recommendations?limit=9").status == 200)
    }

    @Test("A mesh that was stopped starts again quickly with all that it knew")
    func secondStart() throws {
        #expect(try self.duet.duet(["down"]).status == 0)
        let start = ContinuousClock.now
        let answer = try self.duet.up()
        #expect(answer.status == 0, "\(answer.output)")
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(try self.duet.client().get("/api/v1/recommendations/users/1/recommendations").status == 200)
    }
}
