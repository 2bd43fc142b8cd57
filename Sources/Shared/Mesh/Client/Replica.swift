internal import Synchronization

/// One replica of a service: a REQ socket with one connection, so that the choice between replicas is ours and not nng's.
final class Replica: Sendable {
    private struct State: ~Copyable {
        var machine = ReplicaStateMachine()
        var latency: PeakEWMA
        /// Slots that no call uses.
        var idle: [CallSlot] = []
        var all: [CallSlot] = []
    }

    let endpoint: Endpoint
    private let socket: Socket
    private let state: Mutex<State>
    private let stateChanged: @Sendable () -> Void

    /// Starts to connect. Runs on ``SerialThread/control``.
    ///
    /// - Parameter onChange: Called on nng's threads when it becomes ready or is lost.
    init(
        _ endpoint: Endpoint,
        maximumMessage: Int,
        security: TransportSecurity? = nil,
        onRejection: @escaping @Sendable (UInt32) -> Void,
        onChange: @escaping @Sendable () -> Void
    ) throws(MeshError) {
        self.endpoint = endpoint
        self.stateChanged = onChange
        self.state = Mutex(State(latency: PeakEWMA(at: .now)))
        let events = PipeEvents()
        self.socket = try Socket(.request, maximumMessage: maximumMessage, security: security, onRejection: onRejection) {
            events.deliver($0)
        }
        events.target.withLock { $0.replica = self }
        _ = try self.socket.dial(endpoint.address)
    }

    /// The socket's callbacks outlive the replica.
    private final class PipeEvents: Sendable {
        let target = Mutex<WeakReplica>(WeakReplica())

        func deliver(_ event: Socket.PipeEvent) {
            self.target.withLock { $0.replica }?.pipeChanged(event)
        }
    }

    private struct WeakReplica: Sendable {
        weak var replica: Replica?
    }

    var isReady: Bool { self.state.withLock { $0.machine.isReady } }
    var isConnecting: Bool { self.state.withLock { $0.machine.isConnecting } }
    var isConnected: Bool { self.state.withLock { $0.machine.isConnected } }

    var description: ReplicaState {
        self.state.withLock { state in
            ReplicaState(
                name: self.endpoint.name, address: self.endpoint.address, pid: self.endpoint.pid, version: self.endpoint.version,
                inFlight: state.machine.inFlight, latency: .nanoseconds(Int64(state.latency.value)),
                isConnected: state.machine.isConnected, isReady: state.machine.isReady)
        }
    }

    /// Expected wait for a reply, in nanoseconds by weight.
    func cost(at now: Deadline) -> Double {
        self.state.withLock {
            $0.latency.cost(inFlight: $0.machine.inFlight, weight: self.endpoint.weight, at: now)
        }
    }

    enum Result: ~Copyable {
        case reply(MessageBuffer)
        /// Another may be asked: nothing was sent, or no reply came because the connection was lost.
        case unavailable(MeshError)
        case failure(MeshError)
    }

    func call(_ message: consuming MessageBuffer, deadline: Deadline) async -> Result {
        let slot: CallSlot
        do {
            guard let free = try self.takeSlot() else { return .unavailable(MeshError(.unavailable, "the replica is going")) }
            slot = free
        } catch {
            return .unavailable(error)
        }
        let start = Deadline.now
        do {
            let reply = try await slot.call(message, deadline: deadline) { self.isConnected }
            self.returnSlot(slot, after: start, penalty: 0)
            return .reply(reply)
        } catch {
            // A cancelled call says nothing about the replica; a failed one counts as slow, lest fast failures attract calls.
            self.returnSlot(slot, after: start, penalty: error.code == .cancelled ? nil : 50_000_000)
            return error.code == .unavailable ? .unavailable(error) : .failure(error)
        }
    }

    func serverDrains() {
        self.state.withLock { $0.machine.serverDrains() }
        self.stateChanged()
    }

    /// Takes no more calls, and closes when the last is over.
    func retire() {
        let action = self.state.withLock { $0.machine.retire() }
        self.perform(action)
    }

    private func pipeChanged(_ event: Socket.PipeEvent) {
        let action = self.state.withLock { state in
            switch event {
            case .added:
                state.machine.pipeAdded()
                return ReplicaStateMachine.Action.none
            case .removed: return state.machine.pipeRemoved()
            }
        }
        self.perform(action)
        self.stateChanged()
    }

    private func perform(_ action: ReplicaStateMachine.Action) {
        switch action {
        case .none: break
        case .abandonUnsent: for slot in self.state.withLock({ $0.all }) { slot.connectionLost() }
        case .close: SerialThread.control.run { [socket] in socket.close() }
        }
    }

    private func takeSlot() throws(MeshError) -> CallSlot? {
        let (starts, free) = self.state.withLock { state -> (Bool, CallSlot?) in
            guard state.machine.callStarts() else { return (false, nil) }
            return (true, state.idle.popLast())
        }
        guard starts else { return nil }
        if let free { return free }
        do {
            let slot = try CallSlot(socket: self.socket, isRemote: !Address(self.endpoint.address).isLocal)
            self.state.withLock { $0.all.append(slot) }
            return slot
        } catch {
            self.perform(self.state.withLock { $0.machine.callEnded() })
            throw error
        }
    }

    private func returnSlot(_ slot: CallSlot, after start: Deadline, penalty: Double?) {
        let now = Deadline.now
        let action = self.state.withLock { state in
            state.idle.append(slot)
            if let penalty { state.latency.observe(max(Double(now.nanoseconds - start.nanoseconds), penalty), at: now) }
            return state.machine.callEnded()
        }
        self.perform(action)
    }
}
