import ServiceRuntime
import Testing

@Suite struct ReadinessGateTests {
    @Test("Ready when every condition holds, and never again once draining")
    func conditions() {
        let gate = ReadinessGate()
        #expect(gate.isReady)
        let model = gate.condition("model")
        let index = gate.condition("index")
        #expect(!gate.isReady)
        model.set(true)
        index.set(false, detail: "12 of 20 loaded")
        #expect(!gate.isReady)
        #expect(gate.conditions.map(\.name) == ["index", "model"])
        #expect(gate.conditions.map(\.missing) == ["12 of 20 loaded", nil])
        index.set(true)
        #expect(gate.isReady)
        gate.drain()
        #expect(!gate.isReady)
        #expect(gate.isDraining)
    }

    @Test("Asking for a condition again keeps its state")
    func sameCondition() {
        let gate = ReadinessGate()
        gate.condition("model").set(true)
        _ = gate.condition("model")
        #expect(gate.isReady)
    }
}
