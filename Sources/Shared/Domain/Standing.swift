/// What decides beside the profile whom a person is shown to, and who is shown to them.
public struct Standing: Hashable, Sendable {
    public var preferences: Preferences
    /// Gone for everybody, until the ban is lifted.
    public var isBanned: Bool

    public init(preferences: Preferences = Preferences(), isBanned: Bool = false) {
        self.preferences = preferences
        self.isBanned = isBanned
    }

    /// Shown to nobody, whatever others seek.
    public var isHidden: Bool { self.isBanned || self.preferences.isPaused }
}

/// A person with all that decides who may meet them.
public struct Person: Hashable, Sendable {
    public var user: User
    public var standing: Standing

    public init(_ user: User, _ standing: Standing = Standing()) {
        self.user = user
        self.standing = standing
    }

    /// Whether each fits what the other seeks, and what both look for agrees. Who is hidden is another question.
    public func suits(_ other: Person) -> Bool {
        let (own, theirs) = (self.standing.preferences, other.standing.preferences)
        if let intent = own.intent, let other = theirs.intent, intent != other { return false }
        return own.broken(by: other.user, seenFrom: self.user) == nil && theirs.broken(by: self.user, seenFrom: other.user) == nil
    }
}
