import CLinux
import Dispatch
import Glibc
import Synchronization

/// How a process ended.
public enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    public var description: String {
        switch self {
        case .exited(let status): "ended with status \(status)"
        case .signalled(let number): "was ended by signal \(number)"
        }
    }
}

/// A child process. Its end is seen through a pidfd, without a thread and without SIGCHLD; its process group ends with it.
public final class SpawnedProcess: Sendable {
    public let pid: Int32
    public let identity: ProcessIdentity?
    private let state: Mutex<State>

    private struct State {
        var exit: ExitStatus?
        var waiters: [CheckedContinuation<ExitStatus, Never>] = []
    }

    private static let queue = DispatchQueue(label: "duet.children")

    /// - Parameter child: A child of this process that nobody else waits for.
    init(child: Int32) {
        self.pid = child
        self.identity = ProcessIdentity(pid: child)
        self.state = Mutex(State())
        let descriptor = duet_pidfd_open(child)
        // The child isn't reaped yet, so its number is its own, and opening fails only without descriptors or memory.
        guard descriptor >= 0 else {
            Self.queue.async { _ = self.reap(options: 0) }
            return
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: Self.queue)
        // The source lives in its own handler until the child is reaped.
        source.setEventHandler { if self.reap(options: WNOHANG) { source.cancel() } }
        source.setCancelHandler { close(descriptor) }
        source.activate()
    }

    /// Waits until the process has ended and is reaped.
    public func exitStatus() async -> ExitStatus {
        await withCheckedContinuation { continuation in
            let exit: ExitStatus? = self.state.withLock { state in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Waits until the process has ended, for at most `timeout`; `nil` if it still runs.
    public func exitStatus(within timeout: Duration) async -> ExitStatus? {
        await withTaskGroup(of: ExitStatus?.self) { group in
            group.addTask { await self.exitStatusOrCancelled() }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Sends a signal, unless the process has been reaped.
    public func send(_ signal: Int32) {
        // Under the lock: reaping takes it too, so the number still belongs to this child.
        self.state.withLock { state in
            if state.exit == nil { kill(self.pid, signal) }
        }
    }

    /// Kills the process with all of its group.
    public func killGroup() {
        self.state.withLock { state in
            if state.exit == nil { kill(-self.pid, SIGKILL) }
        }
    }

    private func exitStatusOrCancelled() async -> ExitStatus? {
        let (stream, continuation) = AsyncStream.makeStream(of: ExitStatus.self)
        // Ends with the process; when the caller gives up first, the stream's consumer is gone and the value is dropped.
        Task { continuation.yield(await self.exitStatus()) }
        for await status in stream { return status }
        return nil
    }

    /// - Returns: Whether the child has been reaped, now or before.
    private func reap(options: Int32) -> Bool {
        let waiters: (ExitStatus, [CheckedContinuation<ExitStatus, Never>])? = self.state.withLock { state in
            guard state.exit == nil else { return nil }
            // Seen ended but not reaped yet, its number still names its group: what it started and left there ends with it.
            var information = unsafe siginfo_t()
            guard unsafe waitid(P_PID, id_t(self.pid), &information, options | WEXITED | WNOWAIT) == 0,
                unsafe information.si_signo == SIGCHLD
            else { return nil }
            kill(-self.pid, SIGKILL)
            var status: Int32 = 0
            guard unsafe waitpid(self.pid, &status, options) == self.pid else { return nil }
            let signal = status & 0x7F
            let exit = signal == 0 ? ExitStatus.exited(status >> 8 & 0xFF) : .signalled(signal)
            defer { state.waiters = [] }
            state.exit = exit
            return (exit, state.waiters)
        }
        guard let (exit, continuations) = waiters else { return self.state.withLock { $0.exit != nil } }
        for continuation in continuations { continuation.resume(returning: exit) }
        return true
    }
}
