#if canImport(Glibc)
    internal import Glibc
#endif

extension Timestamp {
    /// The system's wall clock. What decides by time takes its clock as a parameter; this is what a `main` hands over.
    public static var now: Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(rawValue: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
