internal import Glibc

/// Two systems judged by the same people: the mean of the differences, person by person.
public struct PairedComparison: Sendable, Hashable {
    public let count: Int
    public let meanDifference: Double
    /// Of the mean; 0 with fewer than two people.
    public let standardError: Double

    /// - Parameters:
    ///   - values: Of the system in question, one a person.
    ///   - baseline: Of what it is compared with, in the same order.
    public init(_ values: [Double], over baseline: [Double]) {
        precondition(values.count == baseline.count, "Each person must be judged under both.")
        let differences = zip(values, baseline).map { $0 - $1 }
        let count = Double(differences.count)
        let mean = differences.isEmpty ? 0 : differences.reduce(0, +) / count
        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.count = differences.count
        self.meanDifference = mean
        self.standardError = differences.count > 1 ? (squares / (count - 1) / count).squareRoot() : 0
    }

    /// Student's t of the differences; 0 where all are equal to nought.
    public var tStatistic: Double {
        if self.standardError > 0 { return self.meanDifference / self.standardError }
        return self.meanDifference == 0 ? 0 : self.meanDifference > 0 ? .infinity : -.infinity
    }

    /// The two-sided 95% interval of the mean difference, by the normal approximation.
    public var interval: ClosedRange<Double> {
        self.meanDifference - 1.96 * self.standardError...self.meanDifference + 1.96 * self.standardError
    }
}
