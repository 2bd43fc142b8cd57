/// The numeric part of one person: what can be computed before it is known who meets whom.
///
/// Logarithms, smoothing and the position on the sphere are done here, once a person, so that a pair costs little arithmetic.
public enum PersonSchema {
    /// Goes up whenever a column changes its meaning or place.
    public static let version = 1

    public static let schema = FeatureSchema(version: Self.version, names: Column.allCases.map(\.name))
    public static let width = Column.allCases.count

    /// Columns in their order.
    public enum Column: Int, CaseIterable, Sendable {
        /// Years; 0 when unknown.
        case age
        case ageKnown
        /// 0 male, 1 female, 2 other, 3 unknown.
        case gender
        /// Place on the unit sphere; zeros when unknown.
        case positionX, positionY, positionZ
        case positionKnown
        /// 24-bit hash of the place's name plus one; 0 when unknown. Compared for equality only.
        case place
        /// Natural logarithm of the smoothed share of this person's likes that went to people of a gender.
        case likedMale, likedFemale, likedOther
        /// Likewise of the likes that this person received, by the sender's gender.
        case likedByMale, likedByFemale, likedByOther
        /// How little is known of whom this person likes: 1 without a like, falling to 0.
        case genderUncertainty
        /// Mean age of the people liked, in years, drawn towards the person's own age while likes are few.
        case likedAgeMean
        /// 1 / smoothed standard deviation of the ages liked, per year.
        case likedAgePrecision
        case likedAgeKnown
        /// Likewise of the people who liked this person.
        case likerAgeMean, likerAgePrecision, likerAgeKnown
        /// Log-odds of the smoothed share of likes among what this person sent: the higher, the less choosy.
        case likeRateSent
        /// Log-odds of the smoothed share of likes among what this person received: how liked they are.
        case likeRateReceived
        /// ln(1 + likes received).
        case popularity
        /// 1 without any judgement received, falling to 0 as they come in.
        case novelty
        /// Last activity, in days since 1970.
        case lastActive
        case lastActiveKnown

        /// As stored and shown.
        public var name: String {
            switch self {
            case .age: "age"
            case .ageKnown: "age_known"
            case .gender: "gender"
            case .positionX: "position_x"
            case .positionY: "position_y"
            case .positionZ: "position_z"
            case .positionKnown: "position_known"
            case .place: "place"
            case .likedMale: "liked_male"
            case .likedFemale: "liked_female"
            case .likedOther: "liked_other"
            case .likedByMale: "liked_by_male"
            case .likedByFemale: "liked_by_female"
            case .likedByOther: "liked_by_other"
            case .genderUncertainty: "gender_uncertainty"
            case .likedAgeMean: "liked_age_mean"
            case .likedAgePrecision: "liked_age_precision"
            case .likedAgeKnown: "liked_age_known"
            case .likerAgeMean: "liker_age_mean"
            case .likerAgePrecision: "liker_age_precision"
            case .likerAgeKnown: "liker_age_known"
            case .likeRateSent: "like_rate_sent"
            case .likeRateReceived: "like_rate_received"
            case .popularity: "popularity"
            case .novelty: "novelty"
            case .lastActive: "last_active"
            case .lastActiveKnown: "last_active_known"
            }
        }
    }
}
