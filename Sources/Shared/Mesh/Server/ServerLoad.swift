internal import Synchronization

/// How much a server has to do, and whether it is going.
final class ServerLoad: Sendable {
    private let admission: Mutex<AdmissionStateMachine>
    private let draining = Atomic(false)

    init(maximumHeavyCalls: Int) {
        self.admission = Mutex(AdmissionStateMachine(maximumHeavyCalls: maximumHeavyCalls))
    }

    var inFlight: Int { self.admission.withLock { $0.inFlight } }

    var isDraining: Bool { self.draining.load(ordering: .relaxed) }

    func startDraining() { self.draining.store(true, ordering: .relaxed) }

    func callArrived(isHeavy: Bool) -> Bool { self.admission.withLock { $0.callArrived(isHeavy: isHeavy) } }

    func callEnded(isHeavy: Bool) { self.admission.withLock { $0.callEnded(isHeavy: isHeavy) } }
}
