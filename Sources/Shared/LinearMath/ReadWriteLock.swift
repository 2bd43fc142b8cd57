internal import Glibc

/// A value that many threads read at once and one changes alone (`pthread_rwlock_t`).
///
/// A waiting writer goes before new readers, so that a steady stream of readers can't starve it; hence a reader must not take the
/// lock again. The closures must not suspend and should be short.
// `@unchecked Sendable`: the state is reached only under the lock, and what goes in or comes out is `sending`.
@safe public final class ReadWriteLock<State: ~Copyable>: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>
    private var state: State

    public init(_ state: consuming sending State) {
        unsafe self.lock = .allocate(capacity: 1)
        self.state = state
        var attributes = pthread_rwlockattr_t()
        unsafe pthread_rwlockattr_init(&attributes)
        unsafe pthread_rwlockattr_setkind_np(&attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
        let status = unsafe pthread_rwlock_init(self.lock, &attributes)
        unsafe pthread_rwlockattr_destroy(&attributes)
        precondition(status == 0, "The system refused a lock.")
    }

    deinit {
        unsafe pthread_rwlock_destroy(self.lock)
        unsafe self.lock.deallocate()
    }

    public func withReadLock<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_rwlock_rdlock(self.lock)
        defer { unsafe pthread_rwlock_unlock(self.lock) }
        return try body(self.state)
    }

    public func withWriteLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_rwlock_wrlock(self.lock)
        defer { unsafe pthread_rwlock_unlock(self.lock) }
        return try body(&self.state)
    }
}
