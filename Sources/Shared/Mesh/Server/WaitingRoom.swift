internal import Synchronization

/// Slots of a server whose replies wait for their connections: as they have no callback, somebody must look after them.
///
/// Each call that comes in looks at two of them, and a timer at all, for the case that no call comes.
final class WaitingRoom: Sendable {
    private struct State {
        var slots: [ServeSlot] = []
        var next = 0
        var hasTimer = false
    }

    private static let interval = Duration.milliseconds(5)

    private let state = Mutex(State())
    private let count = Atomic(0)

    func enter(_ slot: ServeSlot) {
        let needsTimer = self.state.withLock { state in
            state.slots.append(slot)
            self.count.store(state.slots.count, ordering: .relaxed)
            defer { state.hasTimer = true }
            return !state.hasTimer
        }
        if needsTimer { self.startTimer() }
    }

    func look() {
        guard self.count.load(ordering: .relaxed) > 0 else { return }
        self.look(at: 2)
    }

    private func look(at most: Int) {
        for _ in 0..<most {
            let slot = self.state.withLock { state -> ServeSlot? in
                guard !state.slots.isEmpty else { return nil }
                // In turn, so that a caller that never reads keeps nobody else waiting.
                state.next = state.next < state.slots.count ? state.next : 0
                let slot = state.slots.remove(at: state.next)
                self.count.store(state.slots.count, ordering: .relaxed)
                return slot
            }
            guard let slot else { return }
            if slot.leavesWaitingRoom() { continue }
            self.state.withLock { state in
                state.slots.insert(slot, at: min(state.next, state.slots.count))
                state.next += 1
                self.count.store(state.slots.count, ordering: .relaxed)
            }
        }
    }

    private func startTimer() {
        SerialThread.calls.run(at: .after(Self.interval)) { [self] in
            self.look(at: self.count.load(ordering: .relaxed))
            let goesOn = self.state.withLock { state in
                state.hasTimer = !state.slots.isEmpty
                return state.hasTimer
            }
            if goesOn { self.startTimer() }
        }
    }
}
