/// Whom a person wants to meet, and whether they want to be found. What is not said excludes nobody. Private: shown to the person alone.
public struct Preferences: Hashable, Sendable {
    /// In the order of ``Gender/allCases``; empty: any.
    public var genders: [Gender]
    public var minimumAge: Int?
    public var maximumAge: Int?
    /// Kilometres.
    public var maximumDistance: Double?
    /// Interests that the other must have, every one; compared without case.
    public var requiredInterests: [String]
    /// Interests of which the other must have none; compared without case.
    public var excludedInterests: [String]
    public var intent: Intent?
    /// Shown to nobody for the time being.
    public var isPaused: Bool

    public init(
        genders: [Gender] = [], minimumAge: Int? = nil, maximumAge: Int? = nil, maximumDistance: Double? = nil,
        requiredInterests: [String] = [], excludedInterests: [String] = [], intent: Intent? = nil, isPaused: Bool = false
    ) {
        self.genders = genders
        self.minimumAge = minimumAge
        self.maximumAge = maximumAge
        self.maximumDistance = maximumDistance
        self.requiredInterests = requiredInterests
        self.excludedInterests = excludedInterests
        self.intent = intent
        self.isPaused = isPaused
    }

    /// Whether nothing is said.
    public var isEmpty: Bool { self == Preferences() }

    /// One thing that can be said, as explanations name it.
    public enum Rule: String, CaseIterable, Sendable {
        case gender, age, distance
        case requiredInterests = "required_interests"
        case excludedInterests = "excluded_interests"
        case intent
    }

    /// The first rule that somebody's profile breaks; `nil` if they fit. Who is bare of what is asked for does not fit.
    ///
    /// - Parameter own: The profile of the person whose preferences these are.
    public func broken(by other: User, seenFrom own: User) -> Rule? {
        if !self.genders.isEmpty { guard let gender = other.gender, self.genders.contains(gender) else { return .gender } }
        if let minimumAge { guard let age = other.age, age >= minimumAge else { return .age } }
        if let maximumAge { guard let age = other.age, age <= maximumAge else { return .age } }
        if let maximumDistance, !Self.isNear(own, other, within: maximumDistance) { return .distance }
        if self.requiredInterests.isEmpty && self.excludedInterests.isEmpty { return nil }
        let interests = other.interests.map { $0.lowercased() }
        if !self.requiredInterests.allSatisfy({ interests.contains($0.lowercased()) }) { return .requiredInterests }
        if self.excludedInterests.contains(where: { interests.contains($0.lowercased()) }) { return .excludedInterests }
        return nil
    }

    /// By coordinates; where either has none, the same place by name is near and any other is not.
    private static func isNear(_ one: User, _ other: User, within kilometres: Double) -> Bool {
        if let here = one.coordinate, let there = other.coordinate { return here.kilometres(to: there) <= kilometres }
        guard let here = one.location, let there = other.location else { return false }
        return here == there || here.lowercased() == there.lowercased()
    }
}
