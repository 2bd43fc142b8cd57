/// Where the cache stood before a list was made. A list stored under it is found only while nothing that it shows has changed since.
public struct CacheVersions: Hashable, Sendable {
    /// Changes whenever something changes what this viewer may be shown. Has no order.
    public var viewer: UInt64
    /// Grows whenever a person is blocked, hidden, changed or erased.
    public var safety: Int64

    public init(viewer: UInt64, safety: Int64) {
        self.viewer = viewer
        self.safety = safety
    }
}

public enum CacheLookup: Hashable, Sendable {
    case hit([UInt8])
    /// Make the list anew and store it under these versions; `nil` while the cache is away.
    case miss(CacheVersions?)
}

/// Up to where a reader knows who changed.
public struct ChangePosition: Hashable, Sendable {
    /// Of the store: another one knows nothing of this position.
    public var run: String
    public var changes: Int64
    public var actions: Int64

    public init(run: String, changes: Int64, actions: Int64) {
        self.run = run
        self.changes = changes
        self.actions = actions
    }
}

/// News for a reader who keeps copies of people.
public struct ChangedPeople: Hashable, Sendable {
    /// Who changed or did something since the reader's position; `nil`: it may be anyone.
    public var people: [UserID]?
    public var position: ChangePosition

    public init(people: [UserID]?, position: ChangePosition) {
        self.people = people
        self.position = position
    }
}

/// Ready answers by request. Whatever leaves a doubt is a miss.
public protocol RecommendationCache: Sendable {
    /// - Parameter key: Names the request beside its viewer: a hash of its parameters and of the model.
    func lookup(_ key: String, viewer: UserID) async -> CacheLookup
    /// Keeps an answer for ten minutes. Returns at once; later lookups through this object find it. A cache that is away does nothing.
    /// - Parameters:
    ///   - people: Everyone whom the answer shows.
    ///   - versions: As the lookup returned them, before the answer was made.
    func store(_ answer: [UInt8], showing people: [UserID], key: String, viewer: UserID, versions: CacheVersions)
    /// Makes all lists of these viewers stale: after an interaction of theirs, or a change of what they seek.
    /// - Throws: ``RepositoryError/Code/unavailable``: the change must not be acknowledged.
    func bump(viewers: [UserID]) async throws(RepositoryError)
    /// Makes every list stale that shows one of these people: after a block, a report, an erasure or a change of profile.
    /// - Throws: ``RepositoryError/Code/unavailable``: the change must not be acknowledged.
    func changed(people: [UserID]) async throws(RepositoryError)
    /// Everyone whom ``changed(people:)`` or ``bump(viewers:)`` named, here or elsewhere, before this call and after `position`.
    /// - Parameter position: `nil` for who knows nothing yet.
    /// - Returns: `nil` while the cache is away.
    func changedPeople(since position: ChangePosition?) async -> ChangedPeople?
}
