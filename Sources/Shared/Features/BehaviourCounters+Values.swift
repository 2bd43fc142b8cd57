import Domain

/// Counters by name, as the feature store keeps them.
extension BehaviourCounters {
    /// Value by name; zeros are left out. Names never change their meaning within a schema version.
    public var values: [String: Double] {
        var values: [String: Double] = [:]
        for field in Self.fields where self[keyPath: field.path] != 0 { values[field.name] = self[keyPath: field.path] }
        values["activity.first"] = self.firstActivity.map(Self.seconds)
        values["activity.last"] = self.lastActivity.map(Self.seconds)
        return values
    }

    /// Reads ``values``. Names that are missing are zero, unknown ones are ignored, and so are values that no counter can have.
    public init(values: [String: Double]) {
        self.init()
        for field in Self.fields {
            if let value = values[field.name], value.isFinite, value >= 0 { self[keyPath: field.path] = value }
        }
        self.firstActivity = Self.timestamp(values["activity.first"])
        self.lastActivity = Self.timestamp(values["activity.last"])
    }

    struct Field: Sendable {
        let name: String
        let path: any WritableKeyPath<BehaviourCounters, Double> & Sendable
    }

    static let fields: [Field] =
        [
            Field(name: "sent.likes", path: \.sent.likes),
            Field(name: "sent.dislikes", path: \.sent.dislikes),
            Field(name: "sent.super_likes", path: \.sent.superLikes),
            Field(name: "sent.blocks", path: \.sent.blocks),
            Field(name: "received.likes", path: \.received.likes),
            Field(name: "received.dislikes", path: \.received.dislikes),
            Field(name: "received.super_likes", path: \.received.superLikes),
            Field(name: "received.blocks", path: \.received.blocks),
            Field(name: "liked_ages.count", path: \.likedAges.count),
            Field(name: "liked_ages.sum", path: \.likedAges.sum),
            Field(name: "liked_ages.squares", path: \.likedAges.squares),
            Field(name: "liker_ages.count", path: \.likerAges.count),
            Field(name: "liker_ages.sum", path: \.likerAges.sum),
            Field(name: "liker_ages.squares", path: \.likerAges.squares),
        ]
        + Gender.allCases.flatMap { gender in
            [
                Field(name: "sent.likes.\(gender.rawValue)", path: \.likesSentByGender[gender]),
                Field(name: "sent.dislikes.\(gender.rawValue)", path: \.dislikesSentByGender[gender]),
                Field(name: "received.likes.\(gender.rawValue)", path: \.likesReceivedByGender[gender]),
            ]
        }

    // Seconds with a fraction: a double keeps microseconds of this century exact to one.

    private static func seconds(_ moment: Timestamp) -> Double { Double(moment.rawValue) / 1_000_000 }

    private static func timestamp(_ seconds: Double?) -> Timestamp? {
        guard let seconds, seconds.isFinite, abs(seconds) < 9e12 else { return nil }
        return Timestamp(rawValue: Int64((seconds * 1_000_000).rounded()))
    }
}
