/// A running quantile of latencies: counts by logarithmic buckets, 16 an octave, halved now and then so that the old fades.
///
/// The answer is the upper bound of a bucket, at most 1/16 above the true value.
package struct LatencyQuantile: Sendable {
    private static let perOctave = 16
    /// About 1 µs; what is quicker counts there.
    private static let smallest = 10
    private static let octaves = 27
    /// After so many observations all counts are halved.
    private static let memory: UInt32 = 2_048
    /// The quantile is looked for again after so many.
    private static let refresh: UInt32 = 32

    private let quantile: Double
    private var counts = [UInt32](repeating: 0, count: Self.perOctave * Self.octaves)
    private var total: UInt32 = 0
    private var untilRefresh = Self.refresh
    private var current: UInt64?

    /// - Parameter quantile: 0.95 for the 95th percentile.
    package init(_ quantile: Double) {
        self.quantile = quantile
    }

    /// Nanoseconds; `nil` until there have been enough observations.
    package var value: UInt64? { self.current }

    package mutating func observe(_ nanoseconds: UInt64) {
        self.counts[Self.bucket(nanoseconds)] &+= 1
        self.total &+= 1
        self.untilRefresh &-= 1
        if self.untilRefresh == 0 { self.look() }
    }

    private mutating func look() {
        self.untilRefresh = Self.refresh
        // A few more than one in twenty must have been seen for the 95th percentile to mean anything.
        let target = UInt32((Double(self.total) * self.quantile).rounded(.up))
        var sum: UInt32 = 0
        for index in self.counts.indices {
            sum &+= self.counts[index]
            if sum >= target {
                self.current = Self.upperBound(index)
                break
            }
        }
        guard self.total >= Self.memory else { return }
        var total: UInt32 = 0
        for index in self.counts.indices {
            self.counts[index] /= 2
            total &+= self.counts[index]
        }
        self.total = total
    }

    private static func bucket(_ nanoseconds: UInt64) -> Int {
        let value = max(nanoseconds, 1 << UInt64(self.smallest))
        let octave = 63 - value.leadingZeroBitCount
        let within = Int((value >> UInt64(octave - 4)) & 15)
        return min((octave - self.smallest) * self.perOctave + within, self.perOctave * self.octaves - 1)
    }

    private static func upperBound(_ bucket: Int) -> UInt64 {
        let octave = UInt64(bucket / self.perOctave + self.smallest)
        return (1 << octave) + UInt64(bucket % self.perOctave + 1) << (octave - 4)
    }
}
