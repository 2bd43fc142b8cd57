#if canImport(Glibc)
    internal import Glibc
#endif

/// The logistic function and its inverse.
public enum Logistic {
    /// 1 / (1 + e⁻ˣ), without overflow for any finite `x`.
    @inlinable
    public static func sigmoid(_ x: Double) -> Double {
        if x >= 0 { return 1 / (1 + Self.exponential(-x)) }
        let power = Self.exponential(x)
        return power / (1 + power)
    }

    /// ln(p / (1 − p)), accurate where p is close to 0 or 1.
    public static func logit(_ probability: Double) -> Double { log(probability) - log1p(-probability) }

    @usableFromInline
    static func exponential(_ x: Double) -> Double { exp(x) }
}
