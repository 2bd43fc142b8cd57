internal import Synchronization

/// How much a server has to do, and whether it is going.
final class ServerLoad: Sendable {
    private struct State: ~Copyable {
        var admission: AdmissionStateMachine
        var tickets: [AdmissionStateMachine.Ticket: AdmissionTicket] = [:]
    }

    private let state: Mutex<State>
    private let draining = Atomic(false)

    init(_ configuration: MeshServerConfiguration, threads: Int) {
        let limit = AdaptiveLimit(
            minimum: threads, maximum: configuration.maximumHeavyCalls, policy: configuration.adaptiveLimit)
        self.state = Mutex(
            State(admission: AdmissionStateMachine(limit: limit, maximumQueued: configuration.maximumQueuedCalls)))
    }

    var inFlight: Int { self.state.withLock { $0.admission.inFlight } }

    var isDraining: Bool { self.draining.load(ordering: .relaxed) }

    func startDraining() { self.draining.store(true, ordering: .relaxed) }

    var description: ServerState {
        self.state.withLock { state in
            ServerState(
                inFlight: state.admission.inFlight, heavy: state.admission.heavy, queued: state.admission.queued,
                limit: state.admission.limit.value, admitted: state.admission.admitted, refused: state.admission.refused)
        }
    }

    enum Arrival {
        case run
        case wait(AdmissionTicket)
        case refuse(MeshShedReason)
    }

    func callArrived(isHeavy: Bool, deadline: Deadline, at now: Deadline) -> Arrival {
        let (arrival, displaced) = self.state.withLock { state -> (Arrival, AdmissionTicket?) in
            switch state.admission.callArrived(isHeavy: isHeavy, deadline: deadline, at: now) {
            case .run: return (.run, nil)
            case .refuse(let reason): return (.refuse(reason), nil)
            case .wait(let id, let displaced):
                let ticket = AdmissionTicket()
                state.tickets[id] = ticket
                return (.wait(ticket), displaced.flatMap { state.tickets.removeValue(forKey: $0) })
            }
        }
        displaced?.decide(Self.refusal(.queueFull))
        return arrival
    }

    func callEnded(isHeavy: Bool, at now: Deadline) {
        let turns = self.state.withLock { state in
            state.admission.callEnded(isHeavy: isHeavy, at: now).map { turn in
                switch turn {
                case .run(let id): (state.tickets.removeValue(forKey: id), nil as MeshError?)
                case .refuse(let id, let reason): (state.tickets.removeValue(forKey: id), Self.refusal(reason))
                }
            }
        }
        for (ticket, refusal) in turns { ticket?.decide(refusal) }
    }

    func heavyEnded(startDelay: Duration, time: Duration, ranOut: Bool, at now: Deadline) {
        self.state.withLock { $0.admission.heavyEnded(startDelay: startDelay, time: time, ranOut: ranOut, at: now) }
    }

    func refusalArrived() { self.state.withLock { $0.admission.refusalArrived() } }

    static func refusal(_ reason: MeshShedReason) -> MeshError {
        switch reason {
        case .queueFull: MeshError(.resourceExhausted, "the server has as many calls as it can take", refusal: reason)
        case .tooLate: MeshError(.resourceExhausted, "the server would not have answered in time", refusal: reason)
        }
    }
}

/// What a server has to do.
public struct ServerState: Sendable, Hashable {
    /// Calls that run, wait or are being replied to.
    public let inFlight: Int
    /// Heavy calls that run.
    public let heavy: Int
    /// Heavy calls that wait.
    public let queued: Int
    /// Heavy calls that may run at a time, now.
    public let limit: Int
    /// Calls since the start.
    public let admitted: Int
    public let refused: Int
}
