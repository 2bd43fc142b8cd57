/// Whom a viewer has judged and should not meet again.
public struct SeenPolicy: Hashable, Sendable {
    /// Leave out whom the viewer has liked or passed on.
    public var isExcluded: Bool
    /// A pass that was given before this moment is forgotten; `nil`: none is.
    public var passesSince: Timestamp?

    public init(isExcluded: Bool = true, passesSince: Timestamp? = nil) {
        self.isExcluded = isExcluded
        self.passesSince = passesSince
    }
}

/// Who passed the last look at the truth.
public struct Admission: Hashable, Sendable {
    /// In the order in which they were asked for.
    public var people: [User]
    /// Transaction of the viewer's own latest change of profile or preferences: a copy that has not read so far knows somebody else.
    public var viewerPosition: UInt64

    public init(people: [User], viewerPosition: UInt64 = 0) {
        self.people = people
        self.viewerPosition = viewerPosition
    }
}

/// The last look at the truth before people are shown: never answered from a copy.
public protocol GateRepository: Sendable {
    /// Profiles of those candidates who may be shown to the viewer: they exist, are neither paused nor banned, nothing severs them from the
    /// viewer in either direction, each fits what the other seeks, and the viewer has not judged them as far as that counts. The viewer is
    /// never among them.
    /// - Throws: ``RepositoryError/Code/unknownUser`` if the viewer does not exist or is banned.
    func admission(of candidates: [UserID], to viewer: UserID, seen: SeenPolicy) async throws(RepositoryError) -> Admission
    /// Whether a block or report, in either direction, hides the two from each other.
    func isSevered(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool
}

extension GateRepository {
    /// The people of ``admission(of:to:seen:)``.
    public func admissible(_ candidates: [UserID], for viewer: UserID, excludingSeen: Bool) async throws(RepositoryError) -> [User] {
        try await self.admission(of: candidates, to: viewer, seen: SeenPolicy(isExcluded: excludingSeen)).people
    }
}
