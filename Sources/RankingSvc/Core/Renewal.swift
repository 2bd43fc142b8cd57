internal import Synchronization

/// Work beside the calls, one piece at a time: what is to begin while another is under way is left to a later call.
final class Renewal: Sendable {
    private let current = Mutex<Task<Void, Never>?>(nil)

    /// Begins a piece of work that belongs to no call: it inherits neither priority nor trace.
    func begin(_ work: @escaping @Sendable () async -> Void) {
        self.current.withLock { current in
            guard current == nil else { return }
            current = Task.detached {
                await work()
                self.current.withLock { $0 = nil }
            }
        }
    }

    /// Returns once the work that is under way has ended.
    func settle() async { await self.current.withLock { $0 }?.value }
}
