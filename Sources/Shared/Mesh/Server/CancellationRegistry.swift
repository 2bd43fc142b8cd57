internal import Synchronization

/// The heavy calls of a server that a caller may still cancel.
///
/// nng tells a server nothing of a caller that gave up, so the caller sends a message of its own. Light handlers are over
/// before it would come.
final class CancellationRegistry: Sendable {
    /// What a call and its cancellation have in common.
    struct Key: Hashable, Sendable {
        let traceHigh: UInt64
        let traceLow: UInt64
        let span: UInt64

        init(_ envelope: Envelope) {
            (self.traceHigh, self.traceLow, self.span) = (envelope.traceHigh, envelope.traceLow, envelope.span)
        }
    }

    /// One call, before and while its handler runs.
    final class Call: Sendable {
        let key: Key
        private let state = Mutex<(task: Task<Void, Never>?, isCancelled: Bool)>((nil, false))

        init(_ key: Key) {
            self.key = key
        }

        var isCancelled: Bool { self.state.withLock { $0.isCancelled } }

        func attach(_ task: Task<Void, Never>) {
            let isCancelled = self.state.withLock { state in
                state.task = task
                return state.isCancelled
            }
            if isCancelled { task.cancel() }
        }

        func cancel() {
            let task = self.state.withLock { state in
                state.isCancelled = true
                return state.task
            }
            task?.cancel()
        }
    }

    private let calls = Mutex<[Key: Call]>([:])

    func add(_ envelope: Envelope) -> Call {
        let call = Call(Key(envelope))
        self.calls.withLock { $0[call.key] = call }
        return call
    }

    /// The call is over; another of the same key, which a retry may have brought, stays.
    func remove(_ call: Call) {
        self.calls.withLock { if $0[call.key] === call { $0[call.key] = nil } }
    }

    func cancel(_ envelope: Envelope) {
        self.calls.withLock { $0[Key(envelope)] }?.cancel()
    }
}
