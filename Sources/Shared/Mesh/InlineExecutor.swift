/// Runs a job at once, on the thread that makes it ready: nng's own when a reply or a call comes in.
///
/// Light code only: nng has four such threads for all sockets of the process. Child tasks inherit the preference, so a handler
/// that computes for long says another executor for them.
public final class InlineExecutor: TaskExecutor {
    public static let shared = InlineExecutor()

    private init() {}

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
    }
}
