import Glibc
import Synchronization

/// What all processes of a machine agree on: wall time.
public enum TraceClock {
    /// Nanoseconds since 1970.
    public static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

/// Identifiers of spans: a counter, scattered over all numbers by a bijection, so that a process never gives one twice.
///
/// Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (2014). Two processes start at random places.
enum SpanIdentifiers {
    private static let seed = UInt64.random(in: .min ... .max)
    private static let count = Atomic<UInt64>(0)

    /// Any number but 0, which stands for none.
    static func next() -> UInt64 {
        let step = self.count.wrappingAdd(1, ordering: .relaxed).newValue
        var mixed = self.seed &+ step &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return max(1, mixed ^ (mixed >> 31))
    }
}
