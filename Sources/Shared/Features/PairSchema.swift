/// The features of a pair, seen from a viewer towards a candidate.
///
/// Each depends on both people: what belongs to the candidate alone enters as a ratio to the viewer's own, so that in the other
/// direction the same column means the same. Missing values are 0 beside a flag.
public enum PairSchema {
    /// Goes up whenever a feature changes its meaning or place.
    public static let version = 1

    public static let schema = FeatureSchema(version: Self.version, names: Feature.allCases.map(\.rawValue))
    public static let width = Feature.allCases.count

    /// Features in their order; the raw value is the name shown in explanations.
    public enum Feature: String, CaseIterable, Sendable {
        /// Inner product of the viewer's source and the candidate's target factors.
        case collaborativeScore = "collaborative_score"
        /// The same of the normalised factors: taste without popularity.
        case collaborativeCosine = "collaborative_cosine"
        case collaborativeMissing = "collaborative_missing"
        /// Smoothed log share of the viewer's likes that went to people of the candidate's gender.
        case genderAffinity = "gender_affinity"
        /// Same gender, weighed by how little is known of whom the viewer likes.
        case genderPrior = "gender_prior"
        case genderMissing = "gender_missing"
        /// Distance of the candidate's age from the mean age that the viewer likes, in standard deviations, at most 5.
        case likedAgeGap = "liked_age_gap"
        case likedAgeMissing = "liked_age_missing"
        /// Absolute difference of the ages in decades.
        case ageDifference = "age_difference"
        case ageMissing = "age_missing"
        /// ln(1 + kilometres between the two).
        case distance
        case distanceMissing = "distance_missing"
        /// Both name the same place.
        case samePlace = "same_place"
        /// Jaccard index of the interests.
        case interestOverlap = "interest_overlap"
        /// Number of interests in common.
        case sharedInterests = "shared_interests"
        case interestsMissing = "interests_missing"
        /// Cosine of the sets of biography terms.
        case bioSimilarity = "bio_similarity"
        case bioMissing = "bio_missing"
        /// Log-odds of being liked (candidate) plus log-odds of liking (viewer): the Rasch model of a like.
        case expectedLiking = "expected_liking"
        /// Log-odds of being liked, candidate over viewer.
        case relativeAppeal = "relative_appeal"
        /// ln((1 + likes received by the candidate) / (1 + likes received by the viewer)).
        case relativePopularity = "relative_popularity"
        /// ``genderAffinity`` from the candidate towards the viewer.
        case reverseGenderAffinity = "reverse_gender_affinity"
        /// ``likedAgeGap`` from the candidate towards the viewer.
        case reverseAgeGap = "reverse_age_gap"
        /// Smoothed log share of the likes received by the candidate that came from people of the viewer's gender.
        case likerGenderAffinity = "liker_gender_affinity"
        /// Distance of the viewer's age from the mean age of those who like the candidate, in standard deviations, at most 5.
        case likerAgeGap = "liker_age_gap"
        /// ln((1 + days since the candidate was active) / (1 + days since the viewer was)).
        case recencyGap = "recency_gap"
        /// How much newer to everybody's judgement the candidate is than the viewer, −1 to 1.
        case noveltyGap = "novelty_gap"

        /// Position in the vector.
        public var index: Int { Self.positions[self] ?? 0 }
        private static let positions = Dictionary(uniqueKeysWithValues: Self.allCases.enumerated().map { ($1, $0) })
    }
}
