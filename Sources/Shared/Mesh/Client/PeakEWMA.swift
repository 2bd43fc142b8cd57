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

/// Calls that other clients have at a replica, by what its last reply said.
package struct ReportedLoad: Sendable {
    /// A report this old says nothing.
    private static let lifetime: Double = 5e8

    /// Calls in flight at the replica when it replied, ours included.
    package private(set) var total = 0
    private var others = 0.0
    private var reported: UInt64 = 0

    package init() {}

    /// - Parameter own: Calls in flight from here, the one that was replied to included.
    package mutating func observe(_ total: Int, own: Int, at now: Deadline) {
        self.total = total
        self.others = Double(max(0, total - own))
        self.reported = now.nanoseconds
    }

    /// What others are taken to have there now: it fades with the report's age.
    package func others(at now: Deadline) -> Int {
        guard self.others > 0 else { return 0 }
        let age = Double(now.nanoseconds &- min(now.nanoseconds, self.reported))
        return age < Self.lifetime ? Int((self.others * (1 - age / Self.lifetime)).rounded()) : 0
    }
}
