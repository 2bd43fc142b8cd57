import CLinux
import Glibc

/// A process and no other: its number, when it started, and since which boot of the machine. Numbers alone are used again.
public struct ProcessIdentity: Sendable, Hashable, Codable {
    public let pid: Int32
    /// Clock ticks from boot to the start of the process.
    public let startTicks: UInt64
    public let bootID: String

    /// The process that has this number now; `nil` if there is none, or if it has ended and only waits to be reaped.
    public init?(pid: Int32) {
        guard let stat = FileSystem.text("/proc/\(pid)/stat") else { return nil }
        // The second field, a name in parentheses, may itself hold parentheses and blanks.
        guard let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 19, let ticks = UInt64(fields[19]), fields[0] != "Z", fields[0] != "X" else { return nil }
        self.pid = pid
        self.startTicks = ticks
        self.bootID = Self.currentBootID
    }

    public static var current: ProcessIdentity? { ProcessIdentity(pid: getpid()) }

    /// Whether this very process still runs.
    public var isAlive: Bool { ProcessIdentity(pid: self.pid) == self }

    /// Sends a signal to this very process.
    ///
    /// - Returns: `false` if it has ended.
    @discardableResult
    public func send(_ signal: Int32) -> Bool {
        let descriptor = duet_pidfd_open(self.pid)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Checked after the descriptor is open: from here on the number can't come to mean another process.
        guard self.isAlive else { return false }
        return duet_pidfd_send_signal(descriptor, signal) == 0
    }

    private static let currentBootID: String =
        FileSystem.text("/proc/sys/kernel/random/boot_id")?.split(separator: "\n").first.map(String.init) ?? ""
}
