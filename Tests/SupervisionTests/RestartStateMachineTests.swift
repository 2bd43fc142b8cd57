import Supervision
import Testing

@Suite struct RestartStateMachineTests {
    private let start = ContinuousClock.now

    @Test("Ends in a row wait longer and longer, up to the maximum")
    func backOff() {
        var machine = RestartStateMachine()
        var delays: [RestartStateMachine.Decision] = []
        for _ in 0..<8 {
            machine.started()
            delays.append(machine.ended(at: self.start))
        }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .restart(after: .milliseconds($0)) })
        #expect(machine.restarts == 7)
        #expect(machine.phase == .backingOff)
    }

    @Test("Ten healthy seconds take the delay back to the start", arguments: [(Duration.seconds(10), 100), (.milliseconds(9_999), 400)])
    func reset(healthy: Duration, milliseconds: Int) {
        var machine = RestartStateMachine()
        for _ in 0..<2 {
            machine.started()
            _ = machine.ended(at: self.start)
        }
        machine.started()
        machine.becameReady(at: self.start)
        #expect(machine.phase == .ready)
        #expect(machine.ended(at: self.start.advanced(by: healthy)) == .restart(after: .milliseconds(milliseconds)))
    }

    @Test("A process that was told to end stays ended")
    func stop() {
        var machine = RestartStateMachine()
        machine.started()
        machine.becameReady(at: self.start)
        machine.stopRequested()
        #expect(machine.phase == .stopping)
        machine.becameReady(at: self.start)
        #expect(machine.phase == .stopping)
        #expect(machine.ended(at: self.start) == .stay)
        #expect(machine.phase == .stopped)
    }

    @Test("What waits to be started again is stopped at once")
    func stopWhileBackingOff() {
        var machine = RestartStateMachine()
        machine.started()
        _ = machine.ended(at: self.start)
        machine.stopRequested()
        #expect(machine.phase == .stopped)
        #expect(machine.ended(at: self.start) == .stay)
    }

    @Test("What was told to end while it was being started stays ended, also when it runs after all")
    func stopWhileBeingStarted() {
        var machine = RestartStateMachine()
        machine.started()
        _ = machine.ended(at: self.start)
        machine.stopRequested()
        machine.started()
        #expect(machine.phase == .stopped)
        machine.becameReady(at: self.start)
        #expect(machine.ended(at: self.start) == .stay)
    }
}
