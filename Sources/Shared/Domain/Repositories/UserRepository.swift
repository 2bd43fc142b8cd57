/// What a list of people is narrowed by. Filters combine.
public struct UserQuery: Hashable, Sendable {
    public var skip = 0
    /// 1…1000.
    public var limit = 100
    /// Only people with a larger identifier: where the previous page ended.
    public var after: UserID?
    /// Case-insensitive substring, in which no character is special.
    public var location: String?
    public var minimumAge: Int?
    public var maximumAge: Int?
    public var gender: Gender?
    /// Compared without case.
    public var interest: String?
    /// Full-text over name, biography and interests.
    public var text: String?
    public var activeSince: Timestamp?
    /// People whom a block or report hides from this viewer, in either direction, are left out.
    public var viewer: UserID?

    public init() {}
}

/// Where an erasure stands.
public struct Erasure: Hashable, Sendable {
    /// A random UUID in lower case.
    public var receipt: String
    public var userID: UserID
    public var requestedAt: Timestamp
    /// `nil` while copies outside the database may still hold the person.
    public var completedAt: Timestamp?

    public init(receipt: String, userID: UserID, requestedAt: Timestamp, completedAt: Timestamp? = nil) {
        self.receipt = receipt
        self.userID = userID
        self.requestedAt = requestedAt
        self.completedAt = completedAt
    }
}

public protocol UserRepository: Sendable {
    func create(_ user: NewUser) async throws(RepositoryError) -> User
    /// `nil` if the person does not exist.
    func user(_ id: UserID) async throws(RepositoryError) -> User?
    /// People in the order of `ids`; those who don't exist are left out.
    func users(_ ids: [UserID]) async throws(RepositoryError) -> [User]
    /// The changed person, or `nil` if they do not exist.
    func update(_ id: UserID, _ change: UserChange) async throws(RepositoryError) -> User?
    /// Removes the person and all rows about them in one transaction; `nil` if they do not exist.
    func erase(_ id: UserID) async throws(RepositoryError) -> Erasure?
    func erasure(_ receipt: String) async throws(RepositoryError) -> Erasure?
    /// Notes that the copies outside the database are gone too. False if there is no such receipt.
    func completeErasure(_ receipt: String) async throws(RepositoryError) -> Bool
    /// What the person seeks; `nil` if they do not exist.
    func preferences(of id: UserID) async throws(RepositoryError) -> Preferences?
    /// Replaces what the person seeks. False if they do not exist.
    func setPreferences(_ preferences: Preferences, of id: UserID) async throws(RepositoryError) -> Bool
    /// Takes a person out of everybody's sight, or brings them back. False if they do not exist.
    ///
    /// Who is banned does not exist for reads, lists, changes and interactions; they can still be erased and ask what is held about them.
    func setBan(_ isBanned: Bool, of id: UserID) async throws(RepositoryError) -> Bool
    /// Whether the person exists, banned or not.
    func exists(_ id: UserID) async throws(RepositoryError) -> Bool
    /// In ascending order of identifier.
    func list(_ query: UserQuery) async throws(RepositoryError) -> [User]
    func count() async throws(RepositoryError) -> Int
}
