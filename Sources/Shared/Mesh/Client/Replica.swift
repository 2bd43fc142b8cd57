internal import Synchronization

/// One replica of a service: a REQ socket with one connection, so that the choice between replicas is ours and not nng's.
final class Replica: Sendable {
    private struct State: ~Copyable {
        var machine: ReplicaStateMachine
        var latency: PeakEWMA
        var load = ReportedLoad()
        var failuresInARow = 0
        /// Slots that no call uses.
        var idle: [CallSlot] = []
        var all: [CallSlot] = []
    }

    let endpoint: Endpoint
    private let socket: Socket
    private let state: Mutex<State>
    private let maximumMessage: Int
    /// Nanoseconds.
    private let cancelNotice: Double
    /// So many failures in a row are told; 0: none are.
    private let failureLimit: Int
    private let stateChanged: @Sendable () -> Void
    private let failed: @Sendable (Replica) -> Void

    /// Starts to connect. Runs on ``SerialThread/control``.
    ///
    /// - Parameters:
    ///   - onChange: Called on nng's threads when it becomes ready or is lost.
    ///   - onFailure: Called when as many calls in a row failed as the configuration's outlier policy says.
    init(
        _ endpoint: Endpoint,
        configuration: MeshClientConfiguration,
        onRejection: @escaping @Sendable (UInt32) -> Void,
        onChange: @escaping @Sendable () -> Void,
        onFailure: @escaping @Sendable (Replica) -> Void
    ) throws(MeshError) {
        self.endpoint = endpoint
        self.maximumMessage = configuration.maximumMessageSize
        self.cancelNotice = configuration.cancelNotice / .nanoseconds(1)
        self.failureLimit = configuration.outliers?.consecutiveFailures ?? 0
        self.stateChanged = onChange
        self.failed = onFailure
        // Copies must not pile up at a shadow that doesn't keep up.
        let maximumInFlight = endpoint.shadowShare > 0 ? min(64, configuration.maximumInFlight) : configuration.maximumInFlight
        self.state = Mutex(State(machine: ReplicaStateMachine(maximumInFlight: maximumInFlight), latency: PeakEWMA(at: .now)))
        let events = PipeEvents()
        self.socket = try Socket(
            .request, maximumMessage: configuration.maximumMessageSize, security: configuration.security, onRejection: onRejection
        ) { events.deliver($0) }
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
                weight: self.endpoint.weight, shadowShare: self.endpoint.shadowShare, inFlight: state.machine.inFlight,
                reportedLoad: state.load.total, latency: .nanoseconds(Int64(state.latency.value)),
                isConnected: state.machine.isConnected, isReady: state.machine.isReady)
        }
    }

    /// Expected wait for a reply, in nanoseconds by weight; infinite when it can take no call.
    func cost(at now: Deadline) -> Double {
        self.state.withLock { state in
            guard !state.machine.isFull else { return .infinity }
            let inFlight = state.machine.inFlight + state.load.others(at: now)
            return state.latency.cost(inFlight: inFlight, weight: self.endpoint.weight, at: now)
        }
    }

    /// Calls in flight; `nil` when it can take no more.
    var freeLoad: Int? { self.state.withLock { $0.machine.isFull ? nil : $0.machine.inFlight } }

    enum Result: ~Copyable {
        case reply(MessageBuffer, Envelope)
        /// Another may be asked, whatever the method: nothing was sent.
        case notSent(MeshError)
        /// Another may be asked where that does no harm: no reply came because the connection was lost.
        case unavailable(MeshError)
        case failure(MeshError)
    }

    /// - Parameter cancellation: Sent when the caller gives up after a while; `nil` for calls that are over soon anyway.
    func call(
        _ message: consuming MessageBuffer, deadline: Deadline, cancellation: Envelope? = nil, hedge: Hedge? = nil
    ) async -> Result {
        let slot: CallSlot
        do {
            guard let free = try self.takeSlot() else { return .notSent(MeshError(.unavailable, "the replica is going")) }
            slot = free
        } catch {
            return .notSent(error)
        }
        let start = Deadline.now
        hedge?.firstStarts(over: slot, at: start)
        do {
            let reply = try await slot.call(message, deadline: deadline, hedge: hedge.map { ($0, $0.due(from: start)) }) { self.isConnected }
            let isOfAnother = hedge?.firstEnded() ?? false
            let envelope: Envelope
            do {
                envelope = try self.read(reply)
            } catch {
                self.returnSlot(slot, after: start, .failed)
                return .failure(error)
            }
            self.returnSlot(slot, after: start, isOfAnother ? .overtaken : .replied(envelope))
            if isOfAnother { self.tellCancellation(cancellation, since: start) }
            if envelope.flags.contains(.draining), !isOfAnother { self.serverDrains() }
            return .reply(reply, envelope)
        } catch {
            _ = hedge?.firstEnded()
            self.returnSlot(slot, after: start, error.code == .cancelled ? .cancelled : .failed)
            if error.code == .cancelled { self.tellCancellation(cancellation, since: start) }
            return error.code == .unavailable ? .unavailable(error) : .failure(error)
        }
    }

    private func tellCancellation(_ cancellation: Envelope?, since start: Deadline) {
        guard let cancellation, Double(Deadline.now.nanoseconds - start.nanoseconds) >= self.cancelNotice else { return }
        // Nobody awaits it: it ends with the reply, or at its deadline.
        Task {
            guard var message = try? MessageBuffer(count: Envelope.size), let slot = try? self.takeSlot() else { return }
            try? unsafe message.withMutableBytes { unsafe cancellation.write(to: $0) }
            let start = Deadline.now
            _ = try? await slot.call(message, deadline: start.advanced(by: .seconds(1))) { self.isConnected }
            self.returnSlot(slot, after: start, .cancelled)
        }
    }

    private func read(_ reply: borrowing MessageBuffer) throws(MeshError) -> Envelope {
        guard reply.count <= self.maximumMessage else {
            throw MeshError(.resourceExhausted, "the reply takes \(reply.count) bytes, the limit is \(self.maximumMessage)")
        }
        let envelope = try unsafe reply.withBytes { (bytes) throws(MeshError) in try unsafe Envelope(reading: bytes) }
        guard envelope.kind == .reply else { throw MeshError(.internal, "the answer isn't a reply") }
        return envelope
    }

    private func serverDrains() {
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

    private enum Ending {
        case replied(Envelope)
        /// Another replica's reply came first.
        case overtaken
        case cancelled
        case failed
    }

    /// What a failed call counts as, in nanoseconds, lest fast failures attract calls.
    private static let failurePenalty = 50e6
    /// What a call counts as that was refused for lack of room.
    private static let refusalPenalty = 5e6

    private func returnSlot(_ slot: CallSlot, after start: Deadline, _ ending: Ending) {
        let now = Deadline.now
        let elapsed = Double(now.nanoseconds - start.nanoseconds)
        let (action, isOutlier) = self.state.withLock { state in
            state.idle.append(slot)
            var isOutlier = false
            switch ending {
            case .replied(let envelope):
                let isFailure = envelope.status != 0 && MeshError.Code(rawValue: envelope.status).isFailureOfCallee
                let penalty = isFailure ? Self.failurePenalty : envelope.flags.contains(.refused) ? Self.refusalPenalty : 0
                state.latency.observe(max(elapsed, penalty), at: now)
                state.load.observe(Int(envelope.load), own: state.machine.inFlight, at: now)
                if isFailure { isOutlier = self.countFailure(&state) } else { state.failuresInARow = 0 }
            case .overtaken: state.latency.observe(elapsed, at: now)
            // It says nothing about the replica.
            case .cancelled: break
            case .failed:
                state.latency.observe(max(elapsed, Self.failurePenalty), at: now)
                isOutlier = self.countFailure(&state)
            }
            return (state.machine.callEnded(), isOutlier)
        }
        self.perform(action)
        if isOutlier { self.failed(self) }
    }

    private func countFailure(_ state: inout State) -> Bool {
        state.failuresInARow += 1
        guard self.failureLimit > 0, state.failuresInARow >= self.failureLimit else { return false }
        state.failuresInARow = 0
        return true
    }
}
