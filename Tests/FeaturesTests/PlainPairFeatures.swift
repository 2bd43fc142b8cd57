import Domain
import Features
import Foundation

/// The features of a pair as one would write them down: from arrays and sets, one formula after the other.
func plainFeatures(_ viewer: PersonFeatures, _ other: PersonFeatures, _ moment: Timestamp) -> [PairSchema.Feature: Float] {
    var features: [PairSchema.Feature: Float] = [:]
    (features[.collaborativeScore], features[.collaborativeCosine]) = plainMatch(viewer.sourceFactors, other.targetFactors) ?? (0, 0)
    features[.collaborativeMissing] = plainMatch(viewer.sourceFactors, other.targetFactors) == nil ? 1 : 0

    let genders = viewer[.gender] < 3 && other[.gender] < 3
    features[.genderAffinity] = plainShare(viewer, [.likedMale, .likedFemale, .likedOther], other)
    features[.genderPrior] = genders && viewer[.gender] == other[.gender] ? viewer[.genderUncertainty] : 0
    features[.genderMissing] = genders ? 0 : 1
    features[.reverseGenderAffinity] = plainShare(other, [.likedMale, .likedFemale, .likedOther], viewer)
    features[.likerGenderAffinity] = plainShare(other, [.likedByMale, .likedByFemale, .likedByOther], viewer)

    let ages = viewer[.ageKnown] > 0 && other[.ageKnown] > 0
    features[.likedAgeGap] = plainGap(viewer, .likedAgeMean, .likedAgePrecision, .likedAgeKnown, other)
    features[.likedAgeMissing] = viewer[.likedAgeKnown] > 0 && other[.ageKnown] > 0 ? 0 : 1
    features[.ageDifference] = ages ? abs(viewer[.age] - other[.age]) * 0.1 : 0
    features[.ageMissing] = ages ? 0 : 1
    features[.reverseAgeGap] = plainGap(other, .likedAgeMean, .likedAgePrecision, .likedAgeKnown, viewer)
    features[.likerAgeGap] = plainGap(other, .likerAgeMean, .likerAgePrecision, .likerAgeKnown, viewer)

    features[.distance] = 0
    features[.distanceMissing] = 1
    if viewer[.positionKnown] > 0 && other[.positionKnown] > 0 {
        let offset = [PersonSchema.Column.positionX, .positionY, .positionZ].map { viewer[$0] - other[$0] }
        let chord = (offset[0] * offset[0] + offset[1] * offset[1] + offset[2] * offset[2]).squareRoot()
        features[.distance] = log1p(2 * 6371 * asin(min(1, chord * 0.5)))
        features[.distanceMissing] = 0
    }
    features[.samePlace] = viewer[.place] != 0 && viewer[.place] == other[.place] ? 1 : 0

    let interests = Set(viewer.interests).intersection(other.interests).count
    let hasInterests = !viewer.interests.isEmpty && !other.interests.isEmpty
    features[.sharedInterests] = Float(interests)
    features[.interestOverlap] = hasInterests ? Float(interests) / Float(Set(viewer.interests).union(other.interests).count) : 0
    features[.interestsMissing] = hasInterests ? 0 : 1
    let terms = Set(viewer.terms).intersection(other.terms).count
    let hasTerms = !viewer.terms.isEmpty && !other.terms.isEmpty
    features[.bioSimilarity] = hasTerms ? Float(terms) / Float(viewer.terms.count * other.terms.count).squareRoot() : 0
    features[.bioMissing] = hasTerms ? 0 : 1

    features[.expectedLiking] = other[.likeRateReceived] + viewer[.likeRateSent]
    features[.relativeAppeal] = other[.likeRateReceived] - viewer[.likeRateReceived]
    features[.relativePopularity] = other[.popularity] - viewer[.popularity]
    features[.recencyGap] = plainStaleness(other, moment) - plainStaleness(viewer, moment)
    features[.noveltyGap] = other[.novelty] - viewer[.novelty]
    return features
}

private func plainMatch(_ source: [Float], _ target: [Float]) -> (Float, Float)? {
    func sum(_ left: [Float], _ right: [Float]) -> Double { zip(left, right).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let scale = sum(source, source) * sum(target, target)
    guard source.count == target.count, scale > 0 else { return nil }
    return (Float(sum(source, target)), Float(sum(source, target) / scale.squareRoot()))
}

private func plainShare(_ person: PersonFeatures, _ columns: [PersonSchema.Column], _ other: PersonFeatures) -> Float {
    other[.gender] < 3 ? person[columns[Int(other[.gender])]] : 0
}

private func plainGap(
    _ person: PersonFeatures, _ mean: PersonSchema.Column, _ precision: PersonSchema.Column, _ known: PersonSchema.Column,
    _ other: PersonFeatures
) -> Float {
    guard person[known] > 0, other[.ageKnown] > 0 else { return 0 }
    return min(5, abs(other[.age] - person[mean]) * person[precision])
}

private func plainStaleness(_ person: PersonFeatures, _ moment: Timestamp) -> Float {
    let days = Float(Double(moment.rawValue) / 86_400_000_000)
    return person[.lastActiveKnown] > 0 ? log1p(max(0, days - person[.lastActive])) : 0
}
