public import Logging
import Synchronization

/// Warnings and errors that a process has logged, grouped by what they say, and the limit to their repetition.
public final class LogJournal: Sendable {
    /// Lines that say the same.
    public struct Group: Sendable, Hashable {
        /// The same for the same message and kind of error in every process: 16 hexadecimal digits.
        public var fingerprint: String
        public var level: Logger.Level
        public var message: String
        /// What the latest said of its cause; empty where it said nothing.
        public var cause: String
        public var count: UInt64
        /// Microseconds since 1970.
        public var firstSeen: Int64
        public var lastSeen: Int64
        /// Of the latest.
        public var requestID: String?
        public var traceID: String?
    }

    /// Of this process.
    public static let shared = LogJournal()
    /// Groups that are kept; the one that was seen longest ago goes.
    private static let capacity = 200
    private static let longestCause = 500

    private struct State: ~Copyable {
        var limiter: RepeatLimiter
        var groups: [UInt64: Group] = [:]
    }

    private let state: Mutex<State>

    public init() { self.state = Mutex(State(limiter: RepeatLimiter())) }

    package init(limit: Int, window: Int64) { self.state = Mutex(State(limiter: RepeatLimiter(limit: limit, window: window))) }

    /// The latest first.
    public var groups: [Group] {
        self.state.withLock { Array($0.groups.values) }.sorted { ($0.lastSeen, $0.fingerprint) > ($1.lastSeen, $1.fingerprint) }
    }

    /// Notes a line before it is written.
    ///
    /// - Parameter cause: What the line says of the error behind it.
    /// - Returns: How many like it were left out before; `nil`: this one is to be left out as well.
    func admit(
        _ level: Logger.Level, _ message: String, cause: String, context: LogContext?, seconds: Int64, microseconds: Int64
    ) -> Int? {
        let key = Self.key(level, message, cause)
        let now = seconds * 1_000_000 + microseconds
        return self.state.withLock { state in
            if state.groups[key] == nil {
                if state.groups.count >= Self.capacity, let oldest = state.groups.min(by: { $0.value.lastSeen < $1.value.lastSeen }) {
                    state.groups[oldest.key] = nil
                }
                let digits = String(key, radix: 16)
                state.groups[key] = Group(
                    fingerprint: String(repeating: "0", count: 16 - digits.count) + digits, level: level, message: message, cause: "",
                    count: 0, firstSeen: now, lastSeen: now)
            }
            state.groups[key]?.count += 1
            state.groups[key]?.lastSeen = now
            state.groups[key]?.cause = String(cause.prefix(Self.longestCause))
            state.groups[key]?.requestID = context?.requestID
            state.groups[key]?.traceID = context?.traceID
            guard case .write(let suppressed) = state.limiter.admit(key, at: seconds) else { return nil }
            return suppressed
        }
    }

    /// 64-bit FNV-1a of the level, the message and the cause without its numbers and what stands in quotes, so that two failures of one
    /// kind are one group whomever they concern.
    static func key(_ level: Logger.Level, _ message: String, _ cause: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        for byte in level.standardName.utf8 { add(byte) }
        add(0)
        for byte in message.utf8 { add(byte) }
        add(0)
        var isQuoted = false
        for byte in cause.utf8.prefix(Self.longestCause) {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if !isQuoted, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { add(byte) }
        }
        return hash
    }
}
