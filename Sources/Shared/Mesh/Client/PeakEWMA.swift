internal import Glibc

/// Round-trip time that follows a rise at once and a fall slowly (Finagle's peak-EWMA).
package struct PeakEWMA: Sendable {
    /// After so long an observation has 1/e of its weight.
    package static let window: Double = 1e9

    /// Nanoseconds.
    package private(set) var value: Double
    private var updated: UInt64

    package init(initial: Double = 200_000, at now: Deadline) {
        self.value = initial
        self.updated = now.nanoseconds
    }

    package mutating func observe(_ nanoseconds: Double, at now: Deadline) {
        let elapsed = Double(now.nanoseconds &- min(now.nanoseconds, self.updated))
        self.updated = now.nanoseconds
        if nanoseconds > self.value {
            self.value = nanoseconds
        } else {
            let keep = exp(-elapsed / Self.window) * 0.875
            self.value = self.value * keep + nanoseconds * (1 - keep)
        }
    }

    /// What the time is taken to be now: an old peak fades, so that a replica that was slow once is tried again.
    package func cost(inFlight: Int, weight: Double, at now: Deadline) -> Double {
        let elapsed = Double(now.nanoseconds &- min(now.nanoseconds, self.updated))
        return self.value * exp(-elapsed / Self.window) * Double(inFlight + 1) / weight
    }
}
