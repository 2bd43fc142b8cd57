public import Logging
import Synchronization

/// The lowest level that a process writes. Can be changed while it runs: every logger that has no level of its own follows at once.
public final class LogControl: Sendable {
    /// Of this process.
    public static let shared = LogControl(level: .info)

    private static let levels = Logger.Level.allCases
    private let index: Atomic<Int>

    public init(level: Logger.Level) { self.index = Atomic(Self.index(of: level)) }

    public var level: Logger.Level { Self.levels[self.index.load(ordering: .relaxed)] }

    /// - Returns: The level that held until now.
    @discardableResult public func set(_ level: Logger.Level) -> Logger.Level {
        Self.levels[self.index.exchange(Self.index(of: level), ordering: .relaxed)]
    }

    private static func index(of level: Logger.Level) -> Int { self.levels.firstIndex(of: level) ?? 0 }
}
