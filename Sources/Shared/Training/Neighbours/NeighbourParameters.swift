/// How alike two rows are, by what they share: Σ w·w′·deg(shared)^-γ / (n^a · n′^b + shrinkage), n being a row's squared length.
///
/// a = b = ½, γ = 0 is the cosine; a = 1, b = β, γ = 1 the walk of three steps with popularity penalty, RP3β (Paudel et al. 2017).
public struct NeighbourParameters: Sendable, Hashable {
    /// How many neighbours a row keeps.
    public var neighbours: Int
    /// Pulls similarities on thin evidence down.
    public var shrinkage: Float
    /// a.
    public var sourceExponent: Float
    /// b: the greater, the less a popular neighbour counts.
    public var targetExponent: Float
    /// γ: the greater, the less it counts to share what everyone has.
    public var sharedExponent: Float

    public init(
        neighbours: Int = 100, shrinkage: Float = 10, sourceExponent: Float = 0.5, targetExponent: Float = 0.5,
        sharedExponent: Float = 0
    ) {
        self.neighbours = neighbours
        self.shrinkage = shrinkage
        self.sourceExponent = sourceExponent
        self.targetExponent = targetExponent
        self.sharedExponent = sharedExponent
    }
}
