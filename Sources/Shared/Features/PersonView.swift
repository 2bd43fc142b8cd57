#if canImport(Glibc)
    internal import Glibc
#endif

/// One person's values, read once.
struct PersonView: Sendable {
    let age, ageKnown: Float
    let gender: Int
    let x, y, z, positionKnown: Float
    let place: Float
    let likedMale, likedFemale, likedOther: Float
    let likedByMale, likedByFemale, likedByOther: Float
    let genderUncertainty: Float
    let likedAgeMean, likedAgePrecision, likedAgeKnown: Float
    let likerAgeMean, likerAgePrecision, likerAgeKnown: Float
    let likeRateSent, likeRateReceived: Float
    let popularity, novelty: Float
    /// ln(1 + days without activity); 0 when unknown.
    let staleness: Float

    /// - Parameter row: As ``PersonRow`` lays it out.
    @inline(__always)
    init(_ row: Span<UInt32>, moment: RequestMoment) {
        let words = row.extracting(PersonRow.values)
        @inline(__always) func value(_ column: PersonSchema.Column) -> Float { Float(bitPattern: words[column.rawValue]) }
        self.age = value(.age)
        self.ageKnown = value(.ageKnown)
        let gender = value(.gender)
        self.gender = gender >= 0 && gender < 3 ? Int(gender) : 3
        self.x = value(.positionX)
        self.y = value(.positionY)
        self.z = value(.positionZ)
        self.positionKnown = value(.positionKnown)
        self.place = value(.place)
        self.likedMale = value(.likedMale)
        self.likedFemale = value(.likedFemale)
        self.likedOther = value(.likedOther)
        self.likedByMale = value(.likedByMale)
        self.likedByFemale = value(.likedByFemale)
        self.likedByOther = value(.likedByOther)
        self.genderUncertainty = value(.genderUncertainty)
        self.likedAgeMean = value(.likedAgeMean)
        self.likedAgePrecision = value(.likedAgePrecision)
        self.likedAgeKnown = value(.likedAgeKnown)
        self.likerAgeMean = value(.likerAgeMean)
        self.likerAgePrecision = value(.likerAgePrecision)
        self.likerAgeKnown = value(.likerAgeKnown)
        self.likeRateSent = value(.likeRateSent)
        self.likeRateReceived = value(.likeRateReceived)
        self.popularity = value(.popularity)
        self.novelty = value(.novelty)
        self.staleness = value(.lastActiveKnown) > 0 ? log1pf(max(0, moment.days - value(.lastActive))) : 0
    }

    /// Log share of the likes sent to a gender; 0 when that is unknown.
    @inline(__always)
    func liked(_ gender: Int) -> Float {
        switch gender {
        case 0: self.likedMale
        case 1: self.likedFemale
        case 2: self.likedOther
        default: 0
        }
    }

    /// Log share of the likes received from a gender; 0 when that is unknown.
    @inline(__always)
    func likedBy(_ gender: Int) -> Float {
        switch gender {
        case 0: self.likedByMale
        case 1: self.likedByFemale
        case 2: self.likedByOther
        default: 0
        }
    }

    /// How far the other's age is from what this person likes, in standard deviations up to 5; 0 when unknown.
    @inline(__always)
    func likedAgeGap(_ other: borrowing PersonView) -> Float {
        min(5, abs(other.age - self.likedAgeMean) * self.likedAgePrecision) * self.likedAgeKnown * other.ageKnown
    }

    /// How far the other's age is from those who like this person.
    @inline(__always)
    func likerAgeGap(_ other: borrowing PersonView) -> Float {
        min(5, abs(other.age - self.likerAgeMean) * self.likerAgePrecision) * self.likerAgeKnown * other.ageKnown
    }
}
