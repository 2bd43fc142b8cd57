internal import CLinux
internal import Glibc
internal import Synchronization

/// The right to run what belongs to an event loop: one thread has it at a time, and knows that it has.
@safe final class Turn: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    /// The thread that has the turn; 0: none.
    private let owner = Atomic<UInt>(0)

    init() {
        unsafe self.mutex = .allocate(capacity: 1)
        unsafe pthread_mutex_init(self.mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(self.mutex)
        unsafe self.mutex.deallocate()
    }

    func take() {
        unsafe pthread_mutex_lock(self.mutex)
        self.owner.store(duet_current_thread(), ordering: .relaxed)
    }

    /// - Returns: `false` if another thread, or this one, has it.
    func takeIfFree() -> Bool {
        guard unsafe pthread_mutex_trylock(self.mutex) == 0 else { return false }
        self.owner.store(duet_current_thread(), ordering: .relaxed)
        return true
    }

    func giveBack() {
        self.owner.store(0, ordering: .relaxed)
        unsafe pthread_mutex_unlock(self.mutex)
    }

    /// Only a thread itself writes its own number, so no order of memory is needed to find it there.
    var isMine: Bool { self.owner.load(ordering: .relaxed) == duet_current_thread() }
}
