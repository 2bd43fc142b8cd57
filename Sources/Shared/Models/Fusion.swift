/// How the two directions of a pair become one judgement.
public struct Fusion: Hashable, Sendable {
    /// How the probability of a match follows from the calibrated probabilities of either liking the other.
    public enum Kind: UInt8, CaseIterable, Hashable, Sendable {
        /// p·q: the two decide independently.
        case product = 1
        /// 2pq / (p + q): forgives a little, punishes one-sided pairs.
        case harmonic = 2
        /// p: the candidate is not asked.
        case oneWay = 3
    }

    public var kind: Kind
    /// Weight of the candidate's log-odds of liking the viewer beside the viewer's own, in the ranking score.
    public var reciprocalWeight: Double

    /// - Throws: ``ModelError/Code/invalid`` unless the weight is finite and not negative.
    public init(kind: Kind, reciprocalWeight: Double) throws(ModelError) {
        guard reciprocalWeight.isFinite, reciprocalWeight >= 0 else {
            throw ModelError(.invalid, "The weight of the other direction must be a finite number of at least 0.")
        }
        self.kind = kind
        self.reciprocalWeight = reciprocalWeight
    }

    /// The probability of a match.
    public func match(_ forward: Double, _ reverse: Double) -> Double {
        switch self.kind {
        case .product: forward * reverse
        case .harmonic: forward + reverse > 0 ? 2 * forward * reverse / (forward + reverse) : 0
        case .oneWay: forward
        }
    }
}
