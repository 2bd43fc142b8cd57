public import Domain

#if canImport(Glibc)
    internal import Glibc
#endif

/// All that ranking knows of one person.
public struct PersonFeatures: Hashable, Sendable {
    /// ``PersonSchema/width`` finite numbers in the order of ``PersonSchema/Column``.
    public let values: [Float]
    /// Hashed interests, sorted and distinct.
    public let interests: [UInt32]
    /// Hashed terms of the biography, sorted and distinct, at most ``Terms/limit``.
    public let terms: [UInt32]
    /// Factors of who this person likes; empty without an embedding.
    public var sourceFactors: [Float]
    /// Factors of who likes this person; as many as ``sourceFactors``.
    public var targetFactors: [Float]

    /// Computes the features of a person.
    ///
    /// Time enters only through `behaviour` and the day of sign-up: the profile's own `lastActiveAt` is not looked at, so features of
    /// a past moment are made by counting only what came before it.
    public static func make(profile: User, behaviour: BehaviourCounters, embedding: Embedding? = nil) -> PersonFeatures {
        var row = [Float](repeating: 0, count: PersonSchema.width)
        Self.describe(profile, into: &row)
        Self.describe(behaviour, age: profile.age, into: &row)
        let lastActive = behaviour.lastActivity.map { max($0, profile.createdAt) } ?? profile.createdAt
        row[.lastActive] = Self.days(lastActive)
        row[.lastActiveKnown] = 1
        return PersonFeatures(
            values: row, interests: Terms.interests(profile.interests), terms: profile.bio.map(Terms.terms(of:)) ?? [],
            sourceFactors: embedding?.source ?? [], targetFactors: embedding?.target ?? [])
    }

    /// Days since 1970, as ``PersonSchema/Column/lastActive`` counts them.
    static func days(_ moment: Timestamp) -> Float { Float(Double(moment.rawValue) / 86_400_000_000) }

    init(values: [Float], interests: [UInt32], terms: [UInt32], sourceFactors: [Float], targetFactors: [Float]) {
        self.values = values
        self.interests = interests
        self.terms = terms
        self.sourceFactors = sourceFactors
        self.targetFactors = targetFactors
    }

    /// A value by column.
    public subscript(column: PersonSchema.Column) -> Float { self.values[column.rawValue] }

    private static func describe(_ profile: User, into row: inout [Float]) {
        row[.gender] = Float(profile.gender?.index ?? 3)
        if let age = profile.age {
            row[.age] = Float(age)
            row[.ageKnown] = 1
        }
        if let coordinate = profile.coordinate {
            let latitude = coordinate.latitude * .pi / 180
            let longitude = coordinate.longitude * .pi / 180
            row[.positionX] = Float(cos(latitude) * cos(longitude))
            row[.positionY] = Float(cos(latitude) * sin(longitude))
            row[.positionZ] = Float(sin(latitude))
            row[.positionKnown] = 1
        }
        if let place = profile.location.map(Terms.normalised), !place.isEmpty {
            // 24 bits are what a `Float` holds exactly; FNV's high bits are folded in.
            let hash = Terms.hash(place)
            row[.place] = Float(((hash >> 24) ^ hash) & 0xFF_FFFE) + 1
        }
    }

    private static func describe(_ behaviour: BehaviourCounters, age: Int?, into row: inout [Float]) {
        let liked = behaviour.likesSentByGender
        let likedBy = behaviour.likesReceivedByGender
        row[.likedMale] = Smoothing.logShare(liked.male, of: liked.total)
        row[.likedFemale] = Smoothing.logShare(liked.female, of: liked.total)
        row[.likedOther] = Smoothing.logShare(liked.other, of: liked.total)
        row[.likedByMale] = Smoothing.logShare(likedBy.male, of: likedBy.total)
        row[.likedByFemale] = Smoothing.logShare(likedBy.female, of: likedBy.total)
        row[.likedByOther] = Smoothing.logShare(likedBy.other, of: likedBy.total)
        row[.genderUncertainty] = Float(2 / (2 + liked.total))
        if let (mean, precision) = Smoothing.age(behaviour.likedAges, own: age) {
            row[.likedAgeMean] = mean
            row[.likedAgePrecision] = precision
            row[.likedAgeKnown] = 1
        }
        if let (mean, precision) = Smoothing.age(behaviour.likerAges, own: age) {
            row[.likerAgeMean] = mean
            row[.likerAgePrecision] = precision
            row[.likerAgeKnown] = 1
        }
        let sent = behaviour.sent
        let received = behaviour.received
        row[.likeRateSent] = Smoothing.likeLogOdds(likes: sent.likes, others: sent.dislikes + sent.blocks)
        row[.likeRateReceived] = Smoothing.likeLogOdds(likes: received.likes, others: received.dislikes + received.blocks)
        row[.popularity] = Float(log1p(received.likes))
        row[.novelty] = Float(5 / (5 + received.likes + received.dislikes + received.blocks))
    }
}

extension [Float] {
    fileprivate subscript(column: PersonSchema.Column) -> Float {
        get { self[column.rawValue] }
        set { self[column.rawValue] = newValue }
    }
}
