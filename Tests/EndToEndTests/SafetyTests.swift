import Foundation
import Glibc
import Synchronization
import Testing

/// Blocks, reports and bans at random under load, while replicas are killed and Redis stops or dies: once one is acknowledged, no answer of
/// any gateway shows what it hides. `DUET_SAFETY_SECONDS` makes it longer.
@Suite("Safety under load", .serialized)
struct SafetyTests {
    private static let people = 300
    private static let installation = Result { try Installation(people: Self.people, interactions: 6_000) }
    private let duet: Installation
    private let administrator: String

    init() throws {
        self.duet = try Self.installation.get()
        let minted = try self.duet.duet(["token", "--role", "admin"])
        self.administrator = String(minted.output.split(separator: "\n").last ?? "")
    }

    private struct Pair: Hashable {
        let low: Int, high: Int
        init(_ one: Int, _ other: Int) { (self.low, self.high) = (min(one, other), max(one, other)) }
    }

    private struct Truth {
        /// What was acknowledged.
        var severed: Set<Pair> = []
        var banned: Set<Int> = []
        /// Who was shown to whom last: the writers aim at them.
        var shown: [Int: [Int]] = [:]
        var answers = 0
        var shownPeople = 0
        var acknowledged = [String: Int]()
        var violations: [String] = []
        var statuses: [Int: Int] = [:]
    }

    private final class Run: Sendable {
        let truth = Mutex(Truth())
        let isOver = Atomic(false)
    }

    /// Few viewers, so that lists are often cached.
    private static let viewers = 40

    @Test("No answer shows what an acknowledged block, report or ban hides")
    func violations() throws {
        #expect(try self.duet.duet(["scale", "gateway=2"]).status == 0)
        try eventually(within: 20, "two gateways") { try self.duet.processes(of: "gateway").count == 2 }
        let seconds = ProcessInfo.processInfo.environment["DUET_SAFETY_SECONDS"].flatMap { Double($0) } ?? 12
        let run = Run()
        let group = DispatchGroup()
        for worker in 0..<3 { self.start(group) { self.read(run, seed: UInt64(worker)) } }
        self.start(group) { self.write(run, seed: 77) }
        let outcome = Result { try self.disturb(for: seconds) }
        run.isOver.store(true, ordering: .relaxed)
        group.wait()
        try outcome.get()
        let truth = run.truth.withLock { $0 }
        print(
            "safety: \(truth.answers) answers with \(truth.shownPeople) people, \(truth.acknowledged.sorted { $0.key < $1.key }) acknowledged, "
                + "statuses \(truth.statuses.sorted { $0.key < $1.key }), violations \(truth.violations.count)")
        #expect(truth.violations.isEmpty, "\(truth.violations.prefix(5))")
        #expect(truth.answers > 100 && truth.shownPeople > 500)
        #expect(truth.acknowledged.values.reduce(0, +) > 20)
        #expect(truth.statuses[500] == nil, "\(truth.statuses)")
    }

    @Test("What people seek holds on both sides from the next request on, and narrow seekers get full lists")
    func preferences() throws {
        let client = self.duet.client()
        var random = Random(state: 9)
        var wishes: [Int: [String: Any]] = [:]
        for id in 100...299 {
            var wish: [String: Any] = [:]
            if random.next(2) == 0 { wish["genders"] = [["female"], ["male"], ["male", "other"]][random.next(3)] }
            if random.next(2) == 0 { (wish["min_age"], wish["max_age"]) = (18 + random.next(15), 35 + random.next(40)) }
            if random.next(4) == 0 { wish["intent"] = ["dating", "friendship"][random.next(2)] }
            if random.next(10) == 0 { wish["visibility"] = "paused" }
            wishes[id] = wish
            try self.seek(wish, id, client)
        }
        let users = try client.get("/api/v1/users/?limit=1000").array
        let people = Dictionary(uniqueKeysWithValues: users.compactMap { user in (user["id"] as? Int).map { ($0, user) } })
        var (shown, asked) = (0, 0)
        for id in stride(from: 100, to: 300, by: 5) {
            guard let viewer = people[id] else { continue }
            // Changed this moment: no copy has it yet.
            var wish: [String: Any] = ["min_age": 20 + random.next(20)]
            wish["max_age"] = (wish["min_age"] as? Int ?? 0) + 8
            wishes[id] = wish
            try self.seek(wish, id, client)
            let answer = try client.get("/api/v1/recommendations/users/\(id)/recommendations?limit=5&exclude_seen=false")
            #expect(answer.status == 200)
            let ids = (answer.object["recommendations"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
            let suiting = people.keys.count { other in
                other != id && wishes[other]?["visibility"] == nil && Self.fits(people[other], wish) && Self.fits(viewer, wishes[other])
                    && Self.agree(wish, wishes[other])
            }
            for other in ids {
                let isMutual = Self.fits(people[other], wish) && Self.fits(viewer, wishes[other]) && Self.agree(wish, wishes[other])
                #expect(isMutual && wishes[other]?["visibility"] == nil, "\(id) \(wish) is shown \(other) \(wishes[other] ?? [:])")
            }
            shown += ids.count
            asked += min(5, suiting)
        }
        print("preferences: \(shown) of \(asked) people shown who suit each other")
        // Severed and banned people of the other test are among those who would suit.
        #expect(shown > asked * 8 / 10)
    }

    private func seek(_ wish: [String: Any], _ id: Int, _ client: HTTPClient) throws {
        let body = String(decoding: try JSONSerialization.data(withJSONObject: wish), as: UTF8.self)
        let answer = try client.request("PUT", "/api/v1/users/\(id)/preferences", body: body)
        #expect(answer.status == 200 || answer.status == 404, "404: the other test banned them")
    }

    private static func fits(_ user: [String: Any]?, _ wish: [String: Any]?) -> Bool {
        guard let user, let wish else { return true }
        if let genders = wish["genders"] as? [String] { guard let gender = user["gender"] as? String, genders.contains(gender) else { return false } }
        if let lowest = wish["min_age"] as? Int { guard let age = user["age"] as? Int, age >= lowest else { return false } }
        if let highest = wish["max_age"] as? Int { guard let age = user["age"] as? Int, age <= highest else { return false } }
        return true
    }

    private static func agree(_ one: [String: Any]?, _ other: [String: Any]?) -> Bool {
        guard let one = one?["intent"] as? String, let other = other?["intent"] as? String else { return true }
        return one == other
    }

    private func start(_ group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
        group.enter()
        Thread.detachNewThread {
            body()
            group.leave()
        }
    }

    /// Asks for all that shows people, with connections of its own so that both gateways answer.
    private func read(_ run: Run, seed: UInt64) {
        var random = Random(state: seed &+ 1)
        while !run.isOver.load(ordering: .relaxed) {
            let client = self.duet.client()
            for _ in 0..<8 {
                let viewer = 1 + random.next(Self.viewers)
                let limit = [10, 20, 50][random.next(3)]
                let path =
                    switch random.next(8) {
                    case 0: "/api/v1/recommendations/users/\(viewer)/similar?limit=\(limit)"
                    case 1: "/api/v1/users/\(viewer)/likes-me?limit=\(limit)"
                    case 2: "/api/v1/users/\(viewer)/matches?limit=\(limit)"
                    default: "/api/v1/recommendations/users/\(viewer)/recommendations?limit=\(limit)"
                    }
                let before = run.truth.withLock { ($0.severed, $0.banned) }
                guard let answer = try? client.get(path) else { break }
                run.truth.withLock { truth in
                    truth.statuses[answer.status, default: 0] += 1
                    guard answer.status == 200 else { return }
                    let rows = answer.array.isEmpty ? answer.object["recommendations"] as? [[String: Any]] ?? [] : answer.array
                    let ids = rows.compactMap { ($0["user"] as? [String: Any] ?? $0)["id"] as? Int }
                    truth.answers += 1
                    truth.shownPeople += ids.count
                    if path.contains("/recommendations?") { truth.shown[viewer] = ids }
                    for id in ids {
                        let isSevered = before.0.contains(Pair(viewer, id))
                        // A ban that was lifted meanwhile hides nobody.
                        let isBanned = before.1.contains(id) && truth.banned.contains(id)
                        if isSevered || isBanned { truth.violations.append("\(path) shows \(id), \(isBanned ? "banned" : "severed")") }
                    }
                    if before.1.contains(viewer), truth.banned.contains(viewer), !ids.isEmpty {
                        truth.violations.append("\(path) answers a banned viewer")
                    }
                }
            }
        }
    }

    /// Blocks, reports and bans people whom a viewer was just shown.
    private func write(_ run: Run, seed: UInt64) {
        var random = Random(state: seed)
        let client = self.duet.client()
        let administrator = self.duet.client(token: self.administrator)
        // Nobody is banned twice: an answer on its way would be judged by the wrong ban.
        var everBanned: Set<Int> = []
        while !run.isOver.load(ordering: .relaxed) {
            usleep(20_000)
            let viewer = 1 + random.next(Self.viewers)
            let (shown, banned) = run.truth.withLock { ($0.shown[viewer] ?? [], $0.banned) }
            guard !shown.isEmpty else { continue }
            let target = shown[random.next(min(shown.count, 10))]
            let turn = random.next(10)
            if turn < 2 {
                guard target > Self.viewers, everBanned.insert(target).inserted else { continue }
                let status = try? administrator.request("POST", "/api/v1/admin/users/\(target)/ban").status
                self.note(status == 204, "ban", run) { $0.banned.insert(target) }
            } else if turn == 2, let lifted = banned.min() {
                run.truth.withLock { _ = $0.banned.remove(lifted) }
                _ = try? administrator.request("DELETE", "/api/v1/admin/users/\(lifted)/ban")
            } else {
                let kind = turn < 7 ? "block" : "report"
                let (one, other) = turn % 2 == 0 ? (viewer, target) : (target, viewer)
                let body = #"{"user_id":\#(one),"target_user_id":\#(other),"interaction_type":"\#(kind)"}"#
                let status = try? client.post("/api/v1/interactions/", body).status
                self.note(status == 201, kind, run) { $0.severed.insert(Pair(one, other)) }
            }
        }
    }

    private func note(_ isAcknowledged: Bool, _ what: String, _ run: Run, _ change: (inout Truth) -> Void) {
        run.truth.withLock { truth in
            truth.acknowledged[isAcknowledged ? what : "\(what), refused", default: 0] += 1
            if isAcknowledged { change(&truth) }
        }
    }

    /// Kills replicas one after the other, stops Redis for a while, and kills it.
    private func disturb(for seconds: Double) throws {
        let start = ContinuousClock.now
        var turn = 0
        usleep(1_000_000)
        while ContinuousClock.now - start < .seconds(seconds) {
            let service = ["candidate", "gateway", "redis", "ranking", "feature", "redis"][turn % 6]
            if let victim = (try? self.duet.processes(of: service))?.first {
                if service == "redis", turn % 6 == 2 {
                    kill(victim, SIGSTOP)
                    usleep(1_500_000)
                    kill(victim, SIGCONT)
                } else {
                    kill(victim, SIGKILL)
                }
            }
            usleep(1_000_000)
            turn += 1
        }
    }
}

/// Repeatable numbers for one thread.
private struct Random {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(self.state >> 33) % bound
    }
}
