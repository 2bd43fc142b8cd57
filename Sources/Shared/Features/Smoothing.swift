#if canImport(Glibc)
    internal import Glibc
#endif

/// Estimates that stay sane with little evidence: each starts from a prior that a few observations outweigh.
enum Smoothing {
    /// Share of likes that a person nobody has judged yet is taken to have, and how many judgements that is worth.
    static let likeRate = 0.35
    static let likeStrength = 4.0
    /// Standard deviation of the ages that one person likes, in years, and how many likes that is worth.
    static let ageDeviation = 6.0
    static let ageStrength = 4.0
    /// How many likes the own age is worth as a guess at the mean age liked.
    static let ownAgeStrength = 2.0

    /// ln((count + ½) / (total + 3/2)): Jeffreys' prior over three genders.
    static func logShare(_ count: Double, of total: Double) -> Float { Float(log((count + 0.5) / (total + 1.5))) }

    static func likeLogOdds(likes: Double, others: Double) -> Float {
        Float(log((likes + Self.likeStrength * Self.likeRate) / (others + Self.likeStrength * (1 - Self.likeRate))))
    }

    /// Mean and 1 / standard deviation of ages; `nil` with neither an observation nor an own age.
    static func age(_ ages: BehaviourCounters.Ages, own: Int?) -> (mean: Float, precision: Float)? {
        let ownStrength = own == nil ? 0 : Self.ownAgeStrength
        guard ages.count + ownStrength > 0 else { return nil }
        let mean = (ages.sum + Double(own ?? 0) * ownStrength) / (ages.count + ownStrength)
        let prior = Self.ageDeviation * Self.ageDeviation * Self.ageStrength
        let variance = (ages.deviations + prior) / (ages.count + Self.ageStrength)
        return (Float(mean), Float(1 / variance.squareRoot()))
    }
}
