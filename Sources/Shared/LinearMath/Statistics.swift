internal import Glibc

/// Small numerical helpers that several parts share.
public enum Statistics {
    public static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    /// The population's standard deviation (divided by n), 0 for fewer than two values.
    public static func standardDeviation(_ values: [Double]) -> Double {
        guard values.count > 1 else { return 0 }
        let mean = self.mean(values)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    }

    /// The quantile of an ascending array, interpolated linearly; `nil` when it is empty.
    public static func quantile(ofSorted values: [Double], at fraction: Double) -> Double? {
        guard let last = values.indices.last else { return nil }
        let position = min(max(fraction, 0), 1) * Double(last)
        let lower = Int(position)
        let upper = min(lower + 1, last)
        return values[lower] + (values[upper] - values[lower]) * (position - Double(lower))
    }

    /// 1 / (1 + e^-x), without overflow at either end.
    public static func sigmoid(_ x: Double) -> Double {
        if x >= 0 { return 1 / (1 + exp(-x)) }
        let power = exp(x)
        return power / (1 + power)
    }

    /// The inverse of `sigmoid`; probabilities are kept `margin` away from 0 and 1.
    public static func logit(_ probability: Double, margin: Double = 1e-9) -> Double {
        let p = min(max(probability, margin), 1 - margin)
        return log(p / (1 - p))
    }

    /// log(1 + e^x), without overflow.
    public static func softplus(_ x: Double) -> Double {
        x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
    }

    /// Gini coefficient of non-negative counts: 0 when all are equal, towards 1 when one has everything.
    public static func gini(_ counts: [Double]) -> Double {
        let sorted = counts.sorted()
        let total = sorted.reduce(0, +)
        guard total > 0 else { return 0 }
        let count = Double(sorted.count)
        var weighted = 0.0
        for (index, value) in sorted.enumerated() { weighted += (2 * Double(index + 1) - count - 1) * value }
        return weighted / (count * total)
    }
}
