import Postgres
import Reactor
import Testing

@Suite("Whether a server is worth asking")
struct BreakerStateMachineTests {
    private static func moment(_ milliseconds: Int) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(milliseconds) * 1_000_000) }

    /// Opened at 0 for 250 ms.
    private func openMachine() -> BreakerStateMachine {
        var machine = BreakerStateMachine()
        for _ in 0..<5 { machine.failed(0, at: Self.moment(0), jitter: 1) }
        return machine
    }

    @Test("Failures in a row open it; a success in between begins the count anew")
    func opening() {
        var machine = BreakerStateMachine()
        for _ in 0..<4 { machine.failed(0, at: Self.moment(0), jitter: 1) }
        machine.succeeded(0)
        for _ in 0..<4 { machine.failed(0, at: Self.moment(0), jitter: 1) }
        #expect(machine.state == .closed)
        #expect(machine.admit(at: Self.moment(0)) == .call(0))
        machine.failed(0, at: Self.moment(0), jitter: 1)
        #expect(machine.state == .open)
        #expect(machine.openings == 1)
        #expect(machine.admit(at: Self.moment(100)) == .refuse(retryAfter: .milliseconds(150)))
        #expect(machine.refusals == 1)
    }

    @Test("When it has been open for a while one call probes, others are refused; its success closes")
    func probing() {
        var machine = self.openMachine()
        guard case .call(let probe) = machine.admit(at: Self.moment(250)) else { return #expect(Bool(false)) }
        #expect(machine.state == .halfOpen)
        #expect(machine.admit(at: Self.moment(251)) == .refuse(retryAfter: .milliseconds(250)))
        machine.succeeded(probe)
        #expect(machine.state == .closed)
        guard case .call = machine.admit(at: Self.moment(252)) else { return #expect(Bool(false)) }
    }

    @Test("A probe that fails opens it for twice as long, up to a limit", arguments: [(1, 500), (2, 1000), (3, 2000), (4, 4000), (9, 4000)])
    func doubling(failedProbes: Int, milliseconds: Int) {
        var machine = self.openMachine()
        var now = 250
        for round in 1...failedProbes {
            guard case .call(let probe) = machine.admit(at: Self.moment(now)) else { return #expect(Bool(false)) }
            machine.failed(probe, at: Self.moment(now), jitter: 1)
            if round < failedProbes { now += 4000 }
        }
        #expect(machine.admit(at: Self.moment(now)) == .refuse(retryAfter: .milliseconds(milliseconds)))
        #expect(machine.openings == UInt64(failedProbes + 1))
    }

    @Test("Half of the time is random")
    func jitter() {
        var machine = BreakerStateMachine()
        for _ in 0..<5 { machine.failed(0, at: Self.moment(0), jitter: 0) }
        #expect(machine.admit(at: Self.moment(0)) == .refuse(retryAfter: .milliseconds(125)))
    }

    @Test("What calls of an earlier phase report says nothing about the present")
    func lateReports() {
        var machine = self.openMachine()
        machine.succeeded(0)
        #expect(machine.state == .open)
        guard case .call(let probe) = machine.admit(at: Self.moment(300)) else { return #expect(Bool(false)) }
        machine.succeeded(0)
        machine.failed(0, at: Self.moment(300), jitter: 1)
        #expect(machine.state == .halfOpen)
        machine.succeeded(probe)
        #expect(machine.state == .closed)
    }

    @Test("A probe that ends without an outcome leaves the probing to the next call")
    func abandoned() {
        var machine = self.openMachine()
        guard case .call(let probe) = machine.admit(at: Self.moment(300)) else { return #expect(Bool(false)) }
        machine.abandoned(probe, at: Self.moment(310))
        guard case .call = machine.admit(at: Self.moment(310)) else { return #expect(Bool(false)) }
        #expect(machine.state == .halfOpen)
    }
}

@Suite("When a read is tried again")
struct RetryPolicyTests {
    @Test("After a broken connection or a conflict, with a pause of any length up to a limit that doubles")
    func pauses() {
        var generator = SystemRandomNumberGenerator()
        for code in [PostgresError.Code.connectionFailed, .serverUnavailable, .serializationFailure] {
            for (attempt, limit) in [(1, 20), (2, 40)] {
                for _ in 0..<50 {
                    let pause = RetryPolicy().pause(after: PostgresError(code), attempt: attempt, budget: nil, using: &generator)
                    #expect(pause.map { $0 >= .zero && $0 <= .milliseconds(limit) } == true)
                }
            }
            #expect(RetryPolicy().pause(after: PostgresError(code), attempt: 3, budget: nil, using: &generator) == nil)
            #expect(RetryPolicy().pause(after: PostgresError(code), attempt: 1, budget: .zero, using: &generator) == nil)
        }
    }

    @Test(
        "Not where it would be more work for who has too much, or the same again",
        arguments: [PostgresError.Code.poolExhausted, .statementTimeout, .circuitOpen, .cancelled, .shutDown, .query, .malformedRow])
    func never(code: PostgresError.Code) {
        var generator = SystemRandomNumberGenerator()
        #expect(RetryPolicy().pause(after: PostgresError(code), attempt: 1, budget: nil, using: &generator) == nil)
    }
}
