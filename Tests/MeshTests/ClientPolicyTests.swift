import Mesh
import Testing

@Suite("What a client decides")
struct ClientPolicyTests {
    private let start = Deadline.now

    private func at(_ milliseconds: Int) -> Deadline { self.start.advanced(by: .milliseconds(milliseconds)) }

    // MARK: Retries

    @Test("Retries are a share of the calls, with some a second for free")
    func budget() {
        var budget = RetryBudget(ratio: 0.25, perSecond: 2, at: self.start)
        let free = [budget.withdraw(at: self.start), budget.withdraw(at: self.start), budget.withdraw(at: self.start)]
        #expect(free == [true, true, false])
        for _ in 0..<4 { budget.deposit() }
        let earned = [budget.withdraw(at: self.start), budget.withdraw(at: self.start)]
        #expect(earned == [true, false])
        let later = [budget.withdraw(at: self.at(500)), budget.withdraw(at: self.at(500))]
        #expect(later == [true, false])
        // A clock that seems to go back gives nothing.
        let back = budget.withdraw(at: self.start)
        #expect(!back)
    }

    @Test("An idle budget doesn't grow without end")
    func budgetCapacity() {
        var budget = RetryBudget(ratio: 0, perSecond: 1, at: self.start)
        var retries = 0
        while budget.withdraw(at: self.at(3_600_000)) { retries += 1 }
        #expect(retries == 10)
    }

    @Test("Back-off doubles, has full jitter, and ends with attempts or time")
    func backOff() {
        let policy = RetryPolicy(maximumAttempts: 4, baseDelay: .milliseconds(10), maximumDelay: .milliseconds(25))
        var generator = SplitMix64(seed: 1)
        func delays(_ attempt: Int, _ method: MethodDescriptor = TestService.echo, _ remaining: Duration = .seconds(1)) -> [Duration] {
            (0..<200).compactMap { _ in policy.delay(afterAttempt: attempt, of: method, remaining: remaining, using: &generator) }
        }
        for (attempt, bound) in [(1, 10), (2, 20), (3, 25)] {
            let drawn = delays(attempt)
            #expect(drawn.count == 200)
            #expect(drawn.allSatisfy { $0 >= .zero && $0 < .milliseconds(bound) })
            #expect(drawn.contains { $0 > .milliseconds(bound) * 0.8 } && drawn.contains { $0 < .milliseconds(bound) * 0.2 })
        }
        #expect(delays(4).isEmpty)
        #expect(delays(1, TestService.once).isEmpty)
        #expect(delays(1, TestService.echo, .zero).isEmpty)
        #expect(delays(3, TestService.echo, .milliseconds(1)).count < 50)
    }

    // MARK: Breaker

    private static let policy = CircuitBreakerPolicy(
        minimumCalls: 4, failureRatio: 0.5, window: .seconds(10), openDuration: .seconds(1), maximumOpenDuration: .seconds(3), probes: 2)

    /// Calls in a row, each admitted and ended at the instant.
    private func run(_ breaker: inout CircuitBreaker, _ outcomes: [CircuitBreaker.Outcome], at now: Deadline) -> CircuitBreaker.Transition? {
        var last: CircuitBreaker.Transition?
        for outcome in outcomes {
            guard let epoch = breaker.admit(at: now) else { break }
            last = breaker.callEnded(outcome, epoch, at: now)
        }
        return last
    }

    @Test("A breaker opens when enough calls have failed, and not before")
    func breakerOpens() {
        var breaker = CircuitBreaker(Self.policy)
        let few = self.run(&breaker, [.failure, .failure, .failure], at: self.at(0))
        #expect(few == nil)
        let enough = self.run(&breaker, [.failure], at: self.at(1))
        #expect(enough == .opened)
        let refused = breaker.admit(at: self.at(1_000))
        #expect(refused == nil)

        var healthy = CircuitBreaker(Self.policy)
        let minority = self.run(&healthy, [.success, .success, .failure, .success, .neutral, .failure, .success], at: self.at(0))
        #expect(minority == nil)
        // The old failures are forgotten, so two new ones are too few.
        let later = self.run(&healthy, [.failure, .failure, .failure], at: self.at(20_000))
        #expect(later == nil)
    }

    @Test("An open breaker lets a few probes through, and closes when all succeed")
    func breakerCloses() {
        var breaker = CircuitBreaker(Self.policy)
        let stale = breaker.admit(at: self.at(0))
        _ = self.run(&breaker, [.failure, .failure, .failure, .failure], at: self.at(0))
        let (first, second, third) = (breaker.admit(at: self.at(1_000)), breaker.admit(at: self.at(1_000)), breaker.admit(at: self.at(1_000)))
        #expect(first != nil && second != nil && third == nil)
        // A call of before the opening says nothing now.
        let ignored = breaker.callEnded(.failure, stale ?? 0, at: self.at(1_001))
        #expect(ignored == nil)
        let half = breaker.callEnded(.success, first ?? 0, at: self.at(1_002))
        #expect(half == nil)
        // A caller that gave up leaves its place to another.
        _ = breaker.callEnded(.neutral, second ?? 0, at: self.at(1_003))
        let next = breaker.admit(at: self.at(1_004))
        #expect(next != nil)
        let closed = breaker.callEnded(.success, next ?? 0, at: self.at(1_005))
        #expect(closed == .closed)
        #expect(breaker.phase == .closed)
        // What failed before it opened is forgotten.
        let after = self.run(&breaker, [.failure, .failure, .failure], at: self.at(1_006))
        #expect(after == nil)
    }

    @Test("A failed probe opens the breaker for longer, up to a limit")
    func breakerReopens() {
        var breaker = CircuitBreaker(Self.policy)
        _ = self.run(&breaker, [.failure, .failure, .failure, .failure], at: self.at(0))
        var opened = 0
        for (wait, next) in [(1_000, 2_000), (2_000, 3_000), (3_000, 3_000)] {
            let reopened = self.run(&breaker, [.failure], at: self.at(opened + wait))
            #expect(reopened == .opened)
            opened += wait
            let early = breaker.admit(at: self.at(opened + next - 1))
            #expect(early == nil)
        }
    }

    // MARK: Outliers

    @Test("Replicas that fail are ejected, never more than half, and longer each time")
    func ejection() {
        var ejection = OutlierEjection(.init(consecutiveFailures: 1, baseDuration: .seconds(1), maximumDuration: .seconds(2)))
        let ready = ["a", "b", "c", "d", "e"]
        let ejected = ["a", "b", "c"].map { ejection.replicaFailed($0, ready: ready, at: self.at(0)) }
        #expect(ejected == [true, true, false])
        #expect(ejection.ejected(among: ready, at: self.at(1)) == ["a", "b"])
        #expect(ejection.nextReturn(after: self.at(1)) == self.at(1_000))
        #expect(ejection.ejected(among: ready, at: self.at(1_000)) == [])
        // The second time it lasts two seconds, the third time no longer, and after a long time it is the first again.
        for (instant, duration) in [(1_500, 2_000), (4_000, 2_000), (60_000, 1_000)] {
            let again = ejection.replicaFailed("a", ready: ready, at: self.at(instant))
            #expect(again)
            #expect(ejection.ejected(among: ready, at: self.at(instant + duration - 1)) == ["a"])
            #expect(ejection.ejected(among: ready, at: self.at(instant + duration)) == [])
        }
    }

    @Test("With fewer replicas left, ejected ones come back; one that is alone is never ejected")
    func ejectionFloor() {
        var ejection = OutlierEjection(.init(consecutiveFailures: 1))
        let alone = ejection.replicaFailed("a", ready: ["a"], at: self.at(0))
        #expect(!alone)
        let ready = ["a", "b", "c", "d"]
        _ = ejection.replicaFailed("a", ready: ready, at: self.at(0))
        _ = ejection.replicaFailed("b", ready: ready, at: self.at(1))
        #expect(ejection.ejected(among: ["a", "b"], at: self.at(2)) == ["b"])
        #expect(ejection.ejected(among: ["a"], at: self.at(2)) == [])
        ejection.keep(["a"])
        #expect(ejection.ejected(among: ready, at: self.at(2)) == ["a"])
    }

    // MARK: Latency

    @Test("A running quantile is at most a sixteenth above the true one, and follows a change")
    func quantile() throws {
        var quantile = LatencyQuantile(0.95)
        for _ in 0..<31 { quantile.observe(1) }
        #expect(quantile.value == nil)
        for value in 1...2_000 { quantile.observe(UInt64(value) * 10_000) }
        let value = try #require(quantile.value)
        #expect(value >= 18_600_000 && value <= 20_300_000)
        for _ in 0..<20_000 { quantile.observe(50_000) }
        let later = try #require(quantile.value)
        #expect(later >= 50_000 && later <= 54_000)
        quantile.observe(.max)
        quantile.observe(0)
    }

    @Test("What others have at a replica is taken into account, and fades")
    func reportedLoad() {
        var load = ReportedLoad()
        #expect(load.others(at: self.start) == 0)
        load.observe(10, own: 2, at: self.start)
        #expect(load.others(at: self.start) == 8)
        #expect(load.others(at: self.at(250)) == 4)
        #expect(load.others(at: self.at(500)) == 0)
        load.observe(1, own: 3, at: self.start)
        #expect(load.others(at: self.start) == 0)
    }

    // MARK: Shares

    @Test("Equal keys go to one replica, keys spread by weight, and a replica that goes moves no other's keys")
    func ring() {
        let names = ["a", "b", "c", "d"]
        let ring = HashRing(names: names, weights: [1, 1, 1, 3])
        let keys = (0..<6_000).map { ShardKey($0) }
        let owners = keys.map { ring.pick($0) { _ in 0 } ?? -1 }
        #expect(owners == keys.map { ring.pick($0) { _ in 0 } ?? -1 })
        for (index, share) in [(0, 1_000), (1, 1_000), (2, 1_000), (3, 3_000)] {
            let count = owners.count { $0 == index }
            #expect(count > share * 7 / 10 && count < share * 13 / 10)
        }
        let fewer = HashRing(names: ["d", "b", "a"], weights: [3, 1, 1])
        for (key, owner) in zip(keys, owners) where owner != 2 {
            #expect(["d", "b", "a"][fewer.pick(key) { _ in 0 } ?? 0] == names[owner])
        }
    }

    @Test("A replica with more than its share passes on, one that failed or is full is left out")
    func boundedLoad() throws {
        let ring = HashRing(names: ["a", "b", "c"], weights: [1, 1, 1])
        let key = ShardKey("somebody")
        let owner = try #require(ring.pick(key) { _ in 0 })
        // 10 in flight and one to come: at most 1.25 × 11 / 3, that is 5, for each.
        #expect(ring.pick(key) { $0 == owner ? 4 : 3 } == owner)
        #expect(ring.pick(key) { $0 == owner ? 5 : 2 } != owner)
        #expect(ring.pick(key, excluding: owner) { _ in 0 } != owner)
        #expect(ring.pick(key) { $0 == owner ? nil : 0 } != owner)
        #expect(ring.pick(key, excluding: owner) { $0 == owner ? 0 : nil } == owner)
        #expect(ring.pick(key) { _ in nil } == nil)
        #expect(HashRing(names: [], weights: []).pick(key) { _ in 0 } == nil)
    }

    @Test("Text, bytes and numbers make keys; equal values make equal ones")
    func shardKeys() {
        #expect(ShardKey("a") == ShardKey([97]))
        #expect(ShardKey(UInt64(7)) == ShardKey(Int32(7)))
        #expect(ShardKey(7) != ShardKey(8))
    }

    @Test("A canary gets the share that its weight has; versions of equal weight aren't split")
    func split() {
        var generator = SplitMix64(seed: 3)
        let even = VersionSplit([("1", 1), ("2", 1)])
        #expect(even.groups.isEmpty && even.draw(using: &generator) == nil)
        #expect(VersionSplit([("1", 1), ("1", 2)]).groups.isEmpty)
        #expect(VersionSplit([]).draw(using: &generator) == nil)
        let canary = VersionSplit([("1", 1), ("2", 0.25), ("1", 1)])
        #expect(canary.groups.map(\.members) == [[0, 2], [1]])
        var draws = 0
        for _ in 0..<9_000 where canary.draw(using: &generator)?.version == "2" { draws += 1 }
        #expect(draws > 850 && draws < 1_150)
    }

    // MARK: Hedges

    @Test("A second replica is asked when it is likely to answer sooner than the first has taken already")
    func hedgeDecision() {
        #expect(HedgeDecision(waited: 1_000, cost: 200, remaining: 9_000) == .ask)
        #expect(HedgeDecision(waited: 1_000, cost: 1_000, remaining: 9_000) == .ask)
        // Busy: when the first has taken as long as the second would, and a quarter longer at least.
        #expect(HedgeDecision(waited: 1_000, cost: 4_000, remaining: 9_000) == .later(4_000))
        #expect(HedgeDecision(waited: 1_000, cost: 1_001, remaining: 9_000) == .later(1_250))
    }

    @Test("No second replica is asked that could not answer in time")
    func hedgeTooLate() {
        #expect(HedgeDecision(waited: 1_000, cost: 6_000, remaining: 9_000) == .never)
        #expect(HedgeDecision(waited: 1_000, cost: .infinity, remaining: 9_000) == .never)
        #expect(HedgeDecision(waited: 0, cost: 1, remaining: 0) == .never)
    }

    @Test("Looking again and again ends at the deadline, and takes few looks")
    func hedgeLooks() {
        var (waited, looks): (UInt64, Int) = (1_000, 0)
        while case .later(let next) = HedgeDecision(waited: waited, cost: Double(waited) + 1, remaining: 1_000_000 - waited) {
            #expect(next > waited)
            waited = next
            looks += 1
        }
        #expect(looks > 5 && looks < 40)
    }
}
