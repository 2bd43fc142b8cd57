import Glibc

/// An instant on the monotonic clock after which an answer is of no use.
///
/// Processes on one kernel share the clock, so a deadline travels between them as it is.
public struct Deadline: Sendable, Hashable, Comparable {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant so long from now; now for a negative duration.
    public static func after(_ duration: Duration) -> Deadline {
        Deadline.now.advanced(by: duration)
    }

    /// The instant so much later; the same for a negative duration.
    package func advanced(by duration: Duration) -> Deadline {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return self }
        // Three centuries are for ever.
        guard seconds < 9_000_000_000 else { return .never }
        let (sum, overflows) = self.nanoseconds.addingReportingOverflow(
            UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000)
        return overflows ? .never : Deadline(nanoseconds: sum)
    }

    /// The instant so much earlier; never stays never.
    package func reduced(by duration: Duration) -> Deadline {
        guard self != .never else { return self }
        let reserve = Deadline(nanoseconds: 0).advanced(by: duration).nanoseconds
        return Deadline(nanoseconds: self.nanoseconds - min(reserve, self.nanoseconds))
    }

    public static var now: Deadline {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Deadline(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    /// An instant that doesn't come.
    public static let never = Deadline(nanoseconds: .max)

    /// What is left; zero when expired.
    public var remaining: Duration {
        let now = Deadline.now.nanoseconds
        guard self.nanoseconds > now else { return .zero }
        return .nanoseconds(Int64(clamping: self.nanoseconds - now))
    }

    public var isExpired: Bool { self <= .now }

    public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}
