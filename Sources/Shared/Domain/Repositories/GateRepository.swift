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

/// Whom a viewer may be shown, as far as the viewer alone decides it: their own profile, what they seek, and whom they must not meet.
public struct Outlook: Hashable, Sendable {
    public var viewer: Person
    /// Transaction of the viewer's own latest change of profile or preferences: a copy that has not read so far knows somebody else.
    public var position: UInt64
    /// Whom a block or a report, in either direction, or an opinion of the viewer's keeps away.
    public var barred: Set<UserID>

    public init(viewer: Person, position: UInt64 = 0, barred: Set<UserID> = []) {
        self.viewer = viewer
        self.position = position
        self.barred = barred
    }

    /// The viewer is never admitted.
    public func admits(_ person: Person) -> Bool {
        let id = person.user.id
        return id != self.viewer.user.id && !self.barred.contains(id) && !person.standing.isHidden && self.viewer.suits(person)
    }
}

/// The last look at the truth before people are shown: never answered from a copy.
///
/// It has two halves, which may be read at different times of the same request: what the viewer decides, and who the others are.
public protocol GateRepository: Sendable {
    /// - Parameters:
    ///   - seen: Whose opinions keep whom away.
    ///   - candidates: Who will be looked at; `nil` if that is not known yet.
    /// - Returns: `nil` if it is not known who will be looked at, and more people are kept away than are worth reading.
    /// - Throws: ``RepositoryError/Code/unknownUser`` if the viewer does not exist or is banned.
    func outlook(of viewer: UserID, seen: SeenPolicy, among candidates: [UserID]?) async throws(RepositoryError) -> Outlook?
    /// Those of the people who exist and are neither paused nor banned, in any order.
    func visible(_ people: [UserID]) async throws(RepositoryError) -> [Person]
    /// Whether a block or report, in either direction, hides the two from each other.
    func isSevered(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool
}

extension GateRepository {
    /// Profiles of those candidates who may be shown to the viewer, in the order in which they were asked for.
    public func admissible(_ candidates: [UserID], for viewer: UserID, seen: SeenPolicy) async throws(RepositoryError) -> [User] {
        guard let outlook = try await self.outlook(of: viewer, seen: seen, among: candidates) else { return [] }
        return outlook.admitted(candidates, from: try await self.visible(candidates))
    }
}

extension Outlook {
    /// Profiles of those candidates who may be shown, in the order in which they were asked for.
    public func admitted(_ candidates: [UserID], from people: [Person]) -> [User] {
        let admitted = Dictionary(
            people.lazy.filter(self.admits).map { ($0.user.id, $0.user) }, uniquingKeysWith: { first, _ in first })
        return candidates.compactMap { admitted[$0] }
    }
}
