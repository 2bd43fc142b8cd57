/// One part of what is held about a person.
public struct PersonalDataPart: Hashable, Sendable {
    public var name: String
    /// A JSON value.
    public var json: String

    public init(name: String, json: String) {
        self.name = name
        self.json = json
    }
}

/// A person without what could name them. What fewer than a given number of people share is left out, numbers are rounded down to powers
/// of two, and the key belongs to one export alone.
public struct AnonymisedPerson: Hashable, Sendable {
    public var key: String
    /// First year of a decade of age.
    public var ageBand: Int?
    public var gender: Gender?
    public var location: String?
    public var interests: [String]
    /// `2026-05`.
    public var joined: String
    public var likesSent: Int
    public var passesSent: Int
    public var likesReceived: Int
    public var matches: Int

    public init(
        key: String, ageBand: Int?, gender: Gender?, location: String?, interests: [String], joined: String, likesSent: Int,
        passesSent: Int, likesReceived: Int, matches: Int
    ) {
        self.key = key
        self.ageBand = ageBand
        self.gender = gender
        self.location = location
        self.interests = interests
        self.joined = joined
        self.likesSent = likesSent
        self.passesSent = passesSent
        self.likesReceived = likesReceived
        self.matches = matches
    }
}

/// What people may ask to know and to have forgotten.
public protocol PrivacyRepository: Sendable {
    /// Everything that is held about a person; `nil` if they don't exist. What others did towards them is counted, not told.
    func personalData(of user: UserID) async throws(RepositoryError) -> [PersonalDataPart]?
    /// Erasures of which copies outside the database may still hold the person, oldest first.
    func pendingErasures(limit: Int) async throws(RepositoryError) -> [Erasure]
    /// Tables with rows about a person, receipts and the audit log apart.
    func traces(of user: UserID) async throws(RepositoryError) -> [String]
    /// Hands out all people in chunks, in an order that tells nothing.
    /// - Parameter sharing: How many people at least must share what is told of each.
    func forEachAnonymised(sharing: Int, _ body: @concurrent ([AnonymisedPerson]) async throws -> Void) async throws
}

/// Something that was done with privileges, or with a person's data.
public struct AuditEntry: Hashable, Sendable {
    /// Grows with time; 0 before it is stored.
    public var id: Int64
    public var time: Timestamp
    /// Subject and role of the token.
    public var actor: String
    public var role: String
    /// For example `user.erase`.
    public var action: String
    /// Whom or what it concerns: a bare identifier.
    public var target: String
    public var requestID: String

    public init(
        id: Int64 = 0, time: Timestamp, actor: String, role: String, action: String, target: String, requestID: String
    ) {
        self.id = id
        self.time = time
        self.actor = actor
        self.role = role
        self.action = action
        self.target = target
        self.requestID = requestID
    }
}

/// A log that only ever grows.
public protocol AuditRepository: Sendable {
    func append(_ entry: AuditEntry) async throws(RepositoryError)
    /// Newest first.
    /// - Parameter before: Only entries older than this one.
    func entries(before: Int64?, limit: Int) async throws(RepositoryError) -> [AuditEntry]
}

/// Copies outside the database that a person may be found in.
public protocol CopyMaintenance: Sendable {
    /// Removes cached lists that show the person, their own cached lists, versions and features, and remembered answers about them.
    /// - Returns: How many entries went.
    func removeCopies(of user: UserID) async throws(RepositoryError) -> Int
    /// Removes every cached list and feature.
    /// - Returns: How many entries went.
    func flush() async throws(RepositoryError) -> Int
}
