import Postgres
import Testing

@Suite("Who gets which connection")
struct PoolStateMachineTests {
    /// One open, idle connection: number 1.
    private func idleMachine(size: Int = 1, overflow: Int = 0) -> PoolStateMachine {
        var machine = PoolStateMachine(size: size, overflow: overflow)
        #expect(machine.acquire(1) == .waitAndOpen(1))
        #expect(machine.connected(1) == .lease(1, to: 1))
        #expect(machine.released(1) == .keep)
        return machine
    }

    @Test("The first caller opens a connection and gets it; it is kept for the next")
    func firstCaller() {
        var machine = self.idleMachine()
        #expect((machine.openCount, machine.idleCount, machine.waitingCount) == (1, 1, 0))
        #expect(machine.acquire(2) == .lease(1))
        #expect(machine.idleCount == 0)
    }

    @Test("Where enough wait, one more fails at once; when one has been served there is room again")
    func waiterLimit() {
        var machine = PoolStateMachine(size: 1, overflow: 0, waiterLimit: 2)
        #expect(machine.acquire(1) == .waitAndOpen(1))
        #expect(machine.connected(1) == .lease(1, to: 1))
        #expect(machine.acquire(2) == .wait)
        #expect(machine.acquire(3) == .wait)
        #expect(machine.acquire(4) == .failExhausted)
        #expect(machine.released(1) == .lease(1, to: 2))
        #expect(machine.acquire(5) == .wait)
    }

    @Test("Waiters are served in their order; who left is skipped")
    func order() {
        var machine = self.idleMachine()
        #expect(machine.acquire(2) == .lease(1))
        for waiter in [3, 4, 5] as [UInt64] { #expect(machine.acquire(waiter) == .wait) }
        machine.abandon(4)
        #expect(machine.waitingCount == 2)
        #expect(machine.released(1) == .lease(1, to: 3))
        #expect(machine.released(1) == .lease(1, to: 5))
        #expect(machine.released(1) == .keep)
    }

    @Test("No more connections are opened than there are waiters, nor than the limit")
    func growth() {
        var machine = PoolStateMachine(size: 2, overflow: 1)
        #expect(machine.acquire(1) == .waitAndOpen(1))
        #expect(machine.acquire(2) == .waitAndOpen(2))
        #expect(machine.acquire(3) == .waitAndOpen(3))
        #expect(machine.acquire(4) == .wait)
        #expect(machine.connected(2) == .lease(2, to: 1))
        #expect(machine.connected(1) == .lease(1, to: 2))
        #expect(machine.connected(3) == .lease(3, to: 3))
        #expect(machine.released(2) == .lease(2, to: 4))
        // Three are open where two are kept.
        #expect(machine.released(1) == .close)
        #expect(machine.released(3) == .keep)
    }

    @Test("The most recently used connection goes first")
    func warmth() {
        var machine = PoolStateMachine(size: 2, overflow: 0)
        _ = (machine.acquire(1), machine.acquire(2), machine.connected(1), machine.connected(2))
        _ = (machine.released(1), machine.released(2))
        #expect(machine.acquire(3) == .lease(2))
    }

    @Test("A lost connection is replaced only if someone waits")
    func lost() {
        var machine = self.idleMachine()
        #expect(machine.lost(1) == nil)
        #expect(machine.openCount == 0)
        #expect(machine.acquire(2) == .waitAndOpen(2))
        #expect(machine.connected(2) == .lease(2, to: 2))
        #expect(machine.acquire(3) == .wait)
        #expect(machine.lost(2) == 3)
    }

    @Test("A failed attempt fails those who waited; after the second, callers fail at once until one succeeds")
    func failures() {
        var machine = PoolStateMachine(size: 2, overflow: 0)
        #expect(machine.acquire(1) == .waitAndOpen(1))
        let action1 = machine.connectFailed(1)
        #expect(action1.fail == [1] && action1.retryAttempt == 1)
        #expect(machine.acquire(2) == .wait)
        #expect(machine.retryDue() == 2)
        let action2 = machine.connectFailed(2)
        #expect(action2.fail == [2] && action2.retryAttempt == 2)
        #expect(machine.acquire(3) == .failUnavailable)
        // The pool looks for the server by itself.
        #expect(machine.retryDue() == 3)
        #expect(machine.connected(3) == .keep)
        #expect(machine.acquire(4) == .lease(3))
        #expect(machine.failures == 0)
    }

    @Test("With another connection open, a failed attempt fails nobody")
    func partialFailure() {
        var machine = PoolStateMachine(size: 2, overflow: 0)
        _ = (machine.acquire(1), machine.connected(1))
        #expect(machine.acquire(2) == .waitAndOpen(2))
        let action2 = machine.connectFailed(2)
        #expect(action2.fail == [] && action2.retryAttempt == 1)
        #expect(machine.released(1) == .lease(1, to: 2))
    }

    @Test("Shutdown names everyone, and closes what comes back later")
    func shutdown() {
        var machine = PoolStateMachine(size: 2, overflow: 0)
        _ = (machine.acquire(1), machine.connected(1), machine.acquire(2), machine.acquire(3))
        let (waiters, connections) = machine.shutDown()
        #expect(waiters == [2, 3])
        #expect(connections == [1, 2])
        #expect(machine.acquire(4) == .failShutDown)
        #expect(machine.connected(2) == .close)
        #expect(machine.released(1) == .close)
        #expect(machine.retryDue() == nil)
        #expect(machine.connectFailed(2).retryAttempt == nil)
    }
}
