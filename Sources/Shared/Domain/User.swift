/// A person as others see them.
///
/// `age`, `gender` and `location` are `nil` only for bare profiles: people who were met in imported interactions and have none of their own.
public struct User: Hashable, Sendable {
    public var id: UserID
    public var name: String
    public var age: Int?
    public var gender: Gender?
    public var location: String?
    public var coordinate: Coordinate?
    public var bio: String?
    /// Stripped, without duplicates, in the person's own order.
    public var interests: [String]
    public var createdAt: Timestamp
    public var updatedAt: Timestamp?
    public var lastActiveAt: Timestamp?

    public init(
        id: UserID, name: String, age: Int? = nil, gender: Gender? = nil, location: String? = nil, coordinate: Coordinate? = nil,
        bio: String? = nil, interests: [String] = [], createdAt: Timestamp, updatedAt: Timestamp? = nil, lastActiveAt: Timestamp? = nil
    ) {
        self.id = id
        self.name = name
        self.age = age
        self.gender = gender
        self.location = location
        self.coordinate = coordinate
        self.bio = bio
        self.interests = interests
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.lastActiveAt = lastActiveAt
    }
}

/// What a new person brings; validated by whoever makes it.
public struct NewUser: Hashable, Sendable {
    public var name: String
    public var age: Int?
    public var gender: Gender?
    public var location: String?
    public var coordinate: Coordinate?
    public var bio: String?
    public var interests: [String]

    public init(
        name: String, age: Int? = nil, gender: Gender? = nil, location: String? = nil, coordinate: Coordinate? = nil, bio: String? = nil,
        interests: [String] = []
    ) {
        self.name = name
        self.age = age
        self.gender = gender
        self.location = location
        self.coordinate = coordinate
        self.bio = bio
        self.interests = interests
    }
}

/// A partial change of a profile: `nil` leaves a field as it is.
public struct UserChange: Hashable, Sendable {
    public var name: String?
    public var age: Int?
    public var gender: Gender?
    public var location: String?
    /// `.some(nil)` clears the biography.
    public var bio: String??
    public var interests: [String]?

    public init(
        name: String? = nil, age: Int? = nil, gender: Gender? = nil, location: String? = nil, bio: String?? = nil, interests: [String]? = nil
    ) {
        self.name = name
        self.age = age
        self.gender = gender
        self.location = location
        self.bio = bio
        self.interests = interests
    }
}
