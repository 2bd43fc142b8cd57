import Synchronization

/// Whether this process should be sent work: all of its named conditions hold, and it isn't draining.
public final class ReadinessGate: Sendable {
    /// One thing that must hold, such as "model" or "index". Starts unmet.
    public struct Condition: Sendable {
        let gate: ReadinessGate
        public let name: String

        /// - Parameter detail: Says what is missing; shown while the condition is unmet, and as a bar by `duet up` if it begins like
        ///   "12 of 20 people loaded".
        public func set(_ isMet: Bool, detail: String = "") {
            self.gate.state.withLock { $0.conditions[self.name] = State.Entry(isMet: isMet, detail: detail) }
        }
    }

    struct State {
        struct Entry {
            var isMet: Bool
            var detail: String
        }
        var conditions: [String: Entry] = [:]
        var isDraining = false
    }

    let state = Mutex(State())

    public init() {}

    /// Adds a condition, or finds it again.
    public func condition(_ name: String) -> Condition {
        self.state.withLock { state in
            if state.conditions[name] == nil { state.conditions[name] = State.Entry(isMet: false, detail: "") }
        }
        return Condition(gate: self, name: name)
    }

    public var isReady: Bool {
        self.state.withLock { !$0.isDraining && $0.conditions.values.allSatisfy(\.isMet) }
    }

    public var isDraining: Bool { self.state.withLock { $0.isDraining } }

    /// Says no from now on. There is no way back.
    public func drain() { self.state.withLock { $0.isDraining = true } }

    /// Each condition by name: `nil` when it is met, else what is missing.
    public var conditions: [(name: String, missing: String?)] {
        self.state.withLock { state in
            state.conditions.sorted { $0.key < $1.key }.map { name, entry in
                (name, entry.isMet ? nil : entry.detail.isEmpty ? "not there yet" : entry.detail)
            }
        }
    }
}
