import CLinux
import Glibc

/// Ends this process when the supervisor that started it ends, however that happens.
enum ParentWatch {
    /// - Returns: `false` if the supervisor is gone already, so that no signal would ever come.
    static func start(supervisor: Int32) -> Bool {
        guard duet_set_parent_death_signal(SIGTERM) == 0 else { return true }
        return getppid() == supervisor
    }
}
