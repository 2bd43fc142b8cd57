internal import Glibc

/// A moment on `CLOCK_MONOTONIC`, in nanoseconds.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static var now: MonotonicTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    public func advanced(by duration: Duration) -> MonotonicTime {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return MonotonicTime(nanoseconds: seconds < 0 ? .min : .max) }
        let (sum, tooFar) = self.nanoseconds.addingReportingOverflow(whole + attoseconds / 1_000_000_000)
        return MonotonicTime(nanoseconds: tooFar ? .max : sum)
    }

    public func since(_ earlier: MonotonicTime) -> Duration { .nanoseconds(self.nanoseconds - earlier.nanoseconds) }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }
}
