internal import Reactor
internal import Synchronization

/// A ``BreakerStateMachine`` in front of calls.
final class CircuitBreaker: Sendable {
    /// A call that ran out of its own time sooner than this says nothing about the server.
    private static let patience: Duration = .milliseconds(200)

    private let machine: Mutex<BreakerStateMachine>

    init(policy: BreakerStateMachine.Policy) { self.machine = Mutex(BreakerStateMachine(policy: policy)) }

    var condition: (state: BreakerStateMachine.State, openings: UInt64, refusals: UInt64) {
        self.machine.withLock { ($0.state, $0.openings, $0.refusals) }
    }

    func call<Result>(_ body: () async throws(PostgresError) -> sending Result) async throws(PostgresError) -> sending Result {
        let start = MonotonicTime.now
        let number: UInt64
        switch self.machine.withLock({ $0.admit(at: start) }) {
        case .call(let admitted): number = admitted
        case .refuse(let pause): throw PostgresError(.circuitOpen, "the server did not answer lately; asked again in \(pause)")
        }
        do throws(PostgresError) {
            let result = try await body()
            self.machine.withLock { $0.succeeded(number) }
            return result
        } catch {
            let now = MonotonicTime.now
            self.machine.withLock { machine in
                switch Self.verdict(on: error, after: now.since(start)) {
                case .works: machine.succeeded(number)
                case .fails: machine.failed(number, at: now, jitter: .random(in: 0...1))
                case .unknown: machine.abandoned(number, at: now)
                }
            }
            throw error
        }
    }

    private enum Verdict { case works, fails, unknown }

    private static func verdict(on error: PostgresError, after elapsed: Duration) -> Verdict {
        switch error.code {
        case .connectionFailed, .serverUnavailable: .fails
        case .statementTimeout: elapsed >= self.patience ? .fails : .unknown
        // Too many callers, or one who left.
        case .poolExhausted, .cancelled, .shutDown, .circuitOpen, .invalidConfiguration: .unknown
        default: .works
        }
    }
}
