#if canImport(Glibc)
    internal import Glibc
#endif

/// The features of one viewer against many candidates: the one definition that trains and serves.
///
/// Made once a viewer: what belongs to the viewer alone is computed then, what is the same in both directions once a pair.
public struct PairFeatures: Sendable {
    private let batch: PersonBatch
    private let viewer: PersonView
    private let moment: RequestMoment
    private let interests: HashedSet
    private let terms: HashedSet
    /// The bits of the viewer's factors, and the sums of their squares; empty without any.
    private let sourceFactors: [UInt32]
    private let targetFactors: [UInt32]
    private let sourceSquares: Float
    private let targetSquares: Float

    /// - Parameter viewer: Row of the viewer in `batch`.
    public init(viewer: Int, in batch: PersonBatch, moment: RequestMoment) {
        precondition((0..<batch.count).contains(viewer), "The viewer must be a row of the batch.")
        self.batch = batch
        self.moment = moment
        let words = batch.words.span
        let start = batch.starts[viewer]
        let head = PersonRow.Head(word: words[start])
        let row = words.extracting(start..<start + head.length)
        self.viewer = PersonView(row, moment: moment)
        self.interests = HashedSet(row.extracting(head.interests))
        self.terms = HashedSet(row.extracting(head.terms))
        let source = row.extracting(head.sourceFactors)
        let target = row.extracting(head.targetFactors)
        self.sourceFactors = source.indices.map { source[$0] }
        self.targetFactors = target.indices.map { target[$0] }
        self.sourceSquares = FactorMatch.product(source, source)
        self.targetSquares = FactorMatch.product(target, target)
    }

    /// Writes the features of viewer → candidate.
    /// - Parameter features: ``PairSchema/width`` long.
    public func compute(_ candidate: Int, into features: inout MutableSpan<Float>) {
        let words = self.batch.words.span
        let start = self.batch.starts[candidate]
        let head = PersonRow.Head(word: words[start])
        let row = words.extracting(start..<start + head.length)
        let other = PersonView(row, moment: self.moment)
        let common = self.common(row, head, other)
        Self.write(from: self.viewer, to: other, common, self.matches(row, head).forward, into: &features)
    }

    /// Writes the features of both directions.
    public func compute(_ candidate: Int, into forward: inout MutableSpan<Float>, reverse: inout MutableSpan<Float>) {
        let words = self.batch.words.span
        let start = self.batch.starts[candidate]
        let head = PersonRow.Head(word: words[start])
        let row = words.extracting(start..<start + head.length)
        let other = PersonView(row, moment: self.moment)
        let common = self.common(row, head, other)
        let matches = self.matches(row, head)
        Self.write(from: self.viewer, to: other, common, matches.forward, into: &forward)
        Self.write(from: other, to: self.viewer, common, matches.reverse, into: &reverse)
    }

    /// Features of viewer → candidate as an array.
    public func vector(_ candidate: Int) -> [Float] {
        var features = [Float](repeating: 0, count: PairSchema.width)
        var span = features.mutableSpan
        self.compute(candidate, into: &span)
        return features
    }

    /// What the factors say of both directions.
    @inline(__always)
    private func matches(_ row: Span<UInt32>, _ head: PersonRow.Head) -> (forward: FactorMatch, reverse: FactorMatch) {
        guard head.dimension > 0, head.dimension == self.sourceFactors.count else { return (FactorMatch(), FactorMatch()) }
        let source = row.extracting(head.sourceFactors)
        let target = row.extracting(head.targetFactors)
        return (
            FactorMatch(
                self.sourceFactors.span, squares: self.sourceSquares, target, squares: FactorMatch.product(target, target)),
            FactorMatch(
                source, squares: FactorMatch.product(source, source), self.targetFactors.span, squares: self.targetSquares)
        )
    }

    /// What two people have in common, whoever looks.
    private struct Common {
        var ageDifference: Float = 0
        var ageMissing: Float = 1
        var distance: Float = 0
        var distanceMissing: Float = 1
        var samePlace: Float = 0
        var sameGender: Float = 0
        var genderMissing: Float = 1
        var interestOverlap: Float = 0
        var sharedInterests: Float = 0
        var interestsMissing: Float = 1
        var bioSimilarity: Float = 0
        var bioMissing: Float = 1
    }

    @inline(__always)
    private func common(_ row: Span<UInt32>, _ head: PersonRow.Head, _ other: PersonView) -> Common {
        let viewer = self.viewer
        var common = Common()
        if viewer.ageKnown > 0 && other.ageKnown > 0 {
            common.ageDifference = abs(viewer.age - other.age) * 0.1
            common.ageMissing = 0
        }
        if viewer.positionKnown > 0 && other.positionKnown > 0 {
            let x = viewer.x - other.x
            let y = viewer.y - other.y
            let z = viewer.z - other.z
            // From the chord, not from the cosine: exact for neighbours in single precision.
            let chord = (x * x + y * y + z * z).squareRoot()
            common.distance = log1pf(2 * 6371 * asinf(min(1, chord * 0.5)))
            common.distanceMissing = 0
        }
        common.samePlace = viewer.place == other.place && viewer.place != 0 ? 1 : 0
        if viewer.gender < 3 && other.gender < 3 {
            common.sameGender = viewer.gender == other.gender ? 1 : 0
            common.genderMissing = 0
        }
        if self.interests.count > 0 && head.interestCount > 0 {
            let shared = self.interests.countShared(with: row.extracting(head.interests))
            common.sharedInterests = Float(shared)
            common.interestOverlap = Float(shared) / Float(self.interests.count + head.interestCount - shared)
            common.interestsMissing = 0
        }
        if self.terms.count > 0 && head.termCount > 0 {
            let shared = self.terms.countShared(with: row.extracting(head.terms))
            common.bioSimilarity = Float(shared) / Float(self.terms.count * head.termCount).squareRoot()
            common.bioMissing = 0
        }
        return common
    }

    /// In the order of ``PairSchema/Feature``.
    @inline(__always)
    private static func write(
        from viewer: borrowing PersonView, to other: borrowing PersonView, _ common: Common, _ match: FactorMatch,
        into features: inout MutableSpan<Float>
    ) {
        precondition(features.count == PairSchema.width, "The span must be as long as the pair schema is wide.")
        features[0] = match.score
        features[1] = match.cosine
        features[2] = match.missing
        features[3] = viewer.liked(other.gender)
        features[4] = common.sameGender * viewer.genderUncertainty
        features[5] = common.genderMissing
        features[6] = viewer.likedAgeGap(other)
        features[7] = 1 - viewer.likedAgeKnown * other.ageKnown
        features[8] = common.ageDifference
        features[9] = common.ageMissing
        features[10] = common.distance
        features[11] = common.distanceMissing
        features[12] = common.samePlace
        features[13] = common.interestOverlap
        features[14] = common.sharedInterests
        features[15] = common.interestsMissing
        features[16] = common.bioSimilarity
        features[17] = common.bioMissing
        features[18] = other.likeRateReceived + viewer.likeRateSent
        features[19] = other.likeRateReceived - viewer.likeRateReceived
        features[20] = other.popularity - viewer.popularity
        features[21] = other.liked(viewer.gender)
        features[22] = other.likedAgeGap(viewer)
        features[23] = other.likedBy(viewer.gender)
        features[24] = other.likerAgeGap(viewer)
        features[25] = other.staleness - viewer.staleness
        features[26] = other.novelty - viewer.novelty
    }
}
