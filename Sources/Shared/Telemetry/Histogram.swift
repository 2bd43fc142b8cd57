import Synchronization

/// Observations counted into fixed buckets, without a lock.
///
/// A scrape that runs beside observations may see one in the buckets and not yet in the sum, as in every Prometheus client.
public final class Histogram: Sendable {
    /// Most upper bounds that a histogram may have; the last slot is `+Inf`.
    public static let maximumBounds = 23

    /// Upper bounds in seconds for what takes from 50 µs to 10 s.
    public static let latencyBounds: [Double] = [
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.001_5, 0.002, 0.003, 0.005, 0.0075,
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// Upper bounds for how many there are of something.
    public static let countBounds: [Double] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 1000, 2000, 5000, 10_000]

    /// Upper bounds of the buckets, inclusive and ascending, without the last one (`+Inf`).
    public let bounds: [Double]
    private let counts = InlineArray<24, Atomic<UInt64>> { _ in Atomic(0) }
    private let total = AtomicDouble()

    init(bounds: [Double]) {
        precondition(bounds.count <= Self.maximumBounds, "A histogram has at most \(Self.maximumBounds) upper bounds.")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "A histogram's upper bounds must ascend.")
        self.bounds = bounds
    }

    public func observe(_ value: Double) {
        var bucket = 0
        while bucket < self.bounds.count, value > self.bounds[bucket] { bucket += 1 }
        self.counts[bucket].wrappingAdd(1, ordering: .relaxed)
        self.total.add(value)
    }

    /// Observes a time, in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// Observes how long `body` took, whether it returned or threw.
    public func time<Result, Failure: Error>(_ body: () async throws(Failure) -> Result) async throws(Failure) -> Result {
        let start = ContinuousClock.now
        defer { self.observe(start.duration(to: .now)) }
        return try await body()
    }

    public var snapshot: HistogramSnapshot {
        HistogramSnapshot(
            bounds: self.bounds, counts: (0...self.bounds.count).map { self.counts[$0].load(ordering: .relaxed) }, sum: self.total.value)
    }
}

/// What a histogram held at one moment.
public struct HistogramSnapshot: Sendable, Hashable {
    /// Upper bounds, ascending, without `+Inf`.
    public var bounds: [Double]
    /// Observations in each bucket (not cumulated), the last of them for `+Inf`.
    public var counts: [UInt64]
    public var sum: Double

    public init(bounds: [Double], counts: [UInt64], sum: Double) {
        (self.bounds, self.counts, self.sum) = (bounds, counts, sum)
    }

    public var count: UInt64 { self.counts.reduce(0, +) }

    /// The value below which `fraction` of the observations lie, linear inside its bucket as Prometheus' `histogram_quantile`.
    /// `nil` without observations; the highest bound for what lies beyond it.
    public func quantile(_ fraction: Double) -> Double? {
        let count = self.count
        guard count > 0, let highest = self.bounds.last else { return nil }
        let rank = fraction * Double(count)
        var below = 0.0
        for (index, inBucket) in self.counts.enumerated() where inBucket > 0 {
            let reached = below + Double(inBucket)
            if reached >= rank {
                guard index < self.bounds.count else { return highest }
                let low = index == 0 ? min(0, self.bounds[0]) : self.bounds[index - 1]
                return low + (self.bounds[index] - low) * max(0, rank - below) / Double(inBucket)
            }
            below = reached
        }
        return highest
    }
}
