import Foundation
import Glibc
import Synchronization

/// Starts programs, all from one thread that lives as long as this object.
///
/// A child's parent-death signal comes when the *thread* that started it ends, so no thread of a pool may start one.
public final class Spawner: Sendable {
    private typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)

    public init() {
        // The thread keeps this object alive until `close()`: children depend on it.
        let thread = Thread { self.work() }
        thread.name = "duet.spawner"
        thread.start()
    }

    /// Ends the thread, and with it every child that asked for a parent-death signal.
    public func close() {
        self.state.withLock { $0.isClosed = true }
        self.wakeUp.signal()
    }

    /// Starts a program in a process group of its own, with default signal handling.
    ///
    /// - Throws: ``SupervisionError`` with ``SupervisionError/Code/spawnFailed``.
    public func spawn(_ spec: ProcessSpec) async throws(SupervisionError) -> SpawnedProcess {
        let result: Result<SpawnedProcess, SupervisionError> = await withCheckedContinuation { continuation in
            self.state.withLock { state in
                state.jobs.append {
                    do throws(SupervisionError) {
                        continuation.resume(returning: .success(try PosixSpawn.start(spec)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            }
            self.wakeUp.signal()
        }
        return try result.get()
    }

    private func work() {
        while true {
            self.wakeUp.wait()
            let (jobs, isClosed) = self.state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isClosed)
            }
            for job in jobs { job() }
            if isClosed { return }
        }
    }
}
