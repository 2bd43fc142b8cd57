import Redis
import Testing

@Suite("Whether there is a connection")
struct LinkStateMachineTests {
    private let failure = RedisError(.unavailable, "gone")

    @Test("Callers may wait for the first attempt, and for no later one until it works")
    func rejection() {
        var machine = LinkStateMachine()
        #expect(machine.rejection == nil)
        #expect(machine.connect() == true)
        #expect(machine.rejection == nil)
        #expect(machine.failed(self.failure) == 1)
        #expect(machine.rejection?.code == .unavailable)
        #expect(machine.connect() == true)
        #expect(machine.rejection?.code == .unavailable)
        #expect(machine.failed(self.failure) == 2)
        #expect(machine.connect() == true)
        machine.connected()
        #expect(machine.isReady)
        #expect(machine.rejection == nil)
        #expect(machine.failed(self.failure) == 1)
    }

    @Test("One attempt at a time")
    func single() {
        var machine = LinkStateMachine()
        #expect(machine.connect() == true)
        #expect(machine.connect() == false)
        machine.connected()
        #expect(machine.connect() == false)
    }

    @Test("After shutdown nothing begins again")
    func shutdown() {
        var machine = LinkStateMachine()
        _ = machine.connect()
        machine.shutDown()
        #expect(machine.failed(self.failure) == nil)
        #expect(machine.connect() == false)
        machine.connected()
        #expect(!machine.isReady)
        #expect(machine.rejection?.code == .shutDown)
    }
}
