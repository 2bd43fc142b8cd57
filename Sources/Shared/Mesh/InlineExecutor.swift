internal import Glibc

/// Runs a job at once where a reply or a call comes in, on nng's thread, which saves waking another.
///
/// Light code only: nng has four such threads for all sockets of the process. Child tasks inherit the preference, so a handler
/// that computes for long says another executor for them.
///
/// A job that becomes ready while another runs here is run after it and not inside it: whoever made it ready may hold a lock, as Swift's
/// runtime does while it cancels a task. What becomes ready on any other thread goes to the global executor.
public final class InlineExecutor: TaskExecutor {
    public static let shared = InlineExecutor()

    /// What one of nng's threads has to do before its callback returns. Used by that thread only.
    private final class Turn {
        var isOpen = false
        var isRunning = false
        var jobs: [UnownedJob] = []
    }

    private let key: pthread_key_t

    private init() {
        var key = pthread_key_t()
        // Its value lives as long as the thread, which here is as long as the process.
        let status = unsafe pthread_key_create(&key, nil)
        precondition(status == 0, "The system has no key left for the threads' own values: error \(status).")
        self.key = key
    }

    /// Runs one of nng's callbacks, within which jobs may run.
    static func duringCallback(_ body: () -> Void) {
        let turn = self.shared.makeTurn()
        let wasOpen = turn.isOpen
        turn.isOpen = true
        body()
        turn.isOpen = wasOpen
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        guard let turn = self.turn, turn.isOpen else {
            globalConcurrentExecutor.enqueue(job)
            return
        }
        let job = UnownedJob(job)
        if turn.isRunning {
            turn.jobs.append(job)
            return
        }
        turn.isRunning = true
        unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
        while !turn.jobs.isEmpty {
            let next = turn.jobs.removeFirst()
            unsafe next.runSynchronously(on: self.asUnownedTaskExecutor())
        }
        turn.isRunning = false
    }

    private var turn: Turn? {
        guard let value = unsafe pthread_getspecific(self.key) else { return nil }
        return unsafe Unmanaged<Turn>.fromOpaque(value).takeUnretainedValue()
    }

    private func makeTurn() -> Turn {
        if let turn = self.turn { return turn }
        let turn = Turn()
        let status = unsafe pthread_setspecific(self.key, Unmanaged.passRetained(turn).toOpaque())
        precondition(status == 0, "No memory for a thread's own value.")
        return turn
    }
}
