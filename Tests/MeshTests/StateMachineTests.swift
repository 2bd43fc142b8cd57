import Mesh
import Testing

@Suite("State machines")
struct StateMachineTests {
    @Test("A replica is called while ready, and closes after its last call once it retires")
    func replica() {
        var machine = ReplicaStateMachine()
        let early = machine.callStarts()
        #expect(!early)
        machine.pipeAdded()
        let (first, second) = (machine.callStarts(), machine.callStarts())
        #expect(first && second)
        let action1 = machine.retire()
        #expect(action1 == .none)
        let late = machine.callStarts()
        #expect(!late)
        let action2 = machine.callEnded()
        #expect(action2 == .none)
        let action3 = machine.callEnded()
        #expect(action3 == .close)
        let action4 = machine.retire()
        #expect(action4 == .none)
        let phase = machine.phase
        #expect(phase == .closed)
    }

    @Test("A replica that has as many calls as it may takes no more until one ends")
    func cap() {
        var machine = ReplicaStateMachine(maximumInFlight: 1)
        machine.pipeAdded()
        let starts = [machine.callStarts(), machine.callStarts()]
        #expect(starts == [true, false])
        _ = machine.callEnded()
        let again = machine.callStarts()
        #expect(again)
    }

    @Test("A lost replica gives up what waits to be sent, and is ready again with the next connection")
    func loss() {
        var machine = ReplicaStateMachine()
        machine.pipeAdded()
        let action5 = machine.pipeRemoved()
        #expect(action5 == .abandonUnsent)
        let phase = machine.phase
        #expect(phase == .lost)
        machine.pipeAdded()
        let isReady = machine.isReady
        #expect(isReady)
    }

    @Test("A draining replica gets no call; a new process at its address does")
    func draining() {
        var machine = ReplicaStateMachine()
        machine.pipeAdded()
        machine.serverDrains()
        let during = machine.callStarts()
        #expect(!during)
        let action6 = machine.pipeRemoved()
        #expect(action6 == .abandonUnsent)
        machine.pipeAdded()
        let after = machine.callStarts()
        #expect(after)
    }

    @Test("Of two replicas the cheaper is picked; one that failed only when it is alone")
    func balancer() {
        var balancer = Balancer(seed: 1)
        for _ in 0..<100 {
            #expect(balancer.pick(count: 2) { [9, 1][$0] } == 1)
            #expect(balancer.pick(count: 2, excluding: 1) { [9, 1][$0] } == 0)
            #expect(balancer.pick(count: 3, excluding: 0) { [0, 9, 1][$0] } == 2)
        }
        #expect(balancer.pick(count: 1, excluding: 0) { _ in 1 } == 0)
        #expect(balancer.pick(count: 0) { _ in 1 } == nil)
    }

    @Test("Of many replicas the dearest is never picked, and all others are")
    func balancerSpread() {
        var balancer = Balancer(seed: 2)
        var counts = [Int](repeating: 0, count: 5)
        for _ in 0..<1_000 {
            if let index = balancer.pick(count: 5, cost: { Double($0) }) { counts[index] += 1 }
        }
        #expect(counts[4] == 0)
        #expect(counts[0..<4].allSatisfy { $0 > 50 })
        #expect(counts[0] > counts[3])
    }

    @Test("A peak counts at once and fades with time")
    func ewma() {
        let start = Deadline.now
        var latency = PeakEWMA(initial: 100, at: start)
        latency.observe(10_000, at: start)
        #expect(latency.value == 10_000)
        let later = start.advanced(by: .seconds(5))
        #expect(latency.cost(inFlight: 0, weight: 1, at: later) < 100)
        #expect(latency.cost(inFlight: 3, weight: 2, at: start) == 20_000)
        latency.observe(1_000, at: start.advanced(by: .milliseconds(1)))
        #expect(latency.value < 10_000 && latency.value > 8_000)
    }

    @Test("A drain waits for calls, then for clients or silence, and no longer than its limit")
    func drain() {
        let start = Deadline.now
        func at(_ milliseconds: Int) -> Deadline { start.advanced(by: .milliseconds(milliseconds)) }
        var machine = DrainStateMachine.serving
        let action7 = machine.evaluate(at: start, inFlight: 0, connections: 0)
        #expect(action7 == .none)
        let begins = machine.start(at: start, quiet: .milliseconds(100), timeout: .milliseconds(1_000))
        let beginsTwice = machine.start(at: at(5), quiet: .zero, timeout: .zero)
        #expect(begins && !beginsTwice)
        let action8 = machine.evaluate(at: at(10), inFlight: 1, connections: 1)
        #expect(action8 == .wait(until: at(1_000)))
        machine.callEnded(at: at(50))
        let action9 = machine.evaluate(at: at(60), inFlight: 0, connections: 1)
        #expect(action9 == .wait(until: at(150)))
        let action10 = machine.evaluate(at: at(150), inFlight: 0, connections: 1)
        #expect(action10 == .close)
        let action11 = machine.evaluate(at: at(151), inFlight: 0, connections: 0)
        #expect(action11 == .none)

        var left = DrainStateMachine.serving
        _ = left.start(at: start, quiet: .seconds(1), timeout: .seconds(2))
        let action12 = left.evaluate(at: at(1), inFlight: 0, connections: 0)
        #expect(action12 == .close)

        var stuck = DrainStateMachine.serving
        _ = stuck.start(at: start, quiet: .seconds(1), timeout: .seconds(2))
        let action13 = stuck.evaluate(at: at(2_000), inFlight: 3, connections: 1)
        #expect(action13 == .close)
    }
}
