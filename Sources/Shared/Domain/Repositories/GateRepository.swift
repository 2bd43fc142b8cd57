/// The last look at the truth before people are shown: never answered from a copy.
public protocol GateRepository: Sendable {
    /// Profiles of those candidates who may be shown to the viewer, in the order given: they exist, nothing severs them from the
    /// viewer in either direction and, with `excludingSeen`, the viewer has not liked or passed on them. The viewer is never among them.
    /// - Throws: ``RepositoryError/Code/unknownUser`` if the viewer does not exist.
    func admissible(_ candidates: [UserID], for viewer: UserID, excludingSeen: Bool) async throws(RepositoryError) -> [User]
    /// Whether a block or report, in either direction, hides the two from each other.
    func isSevered(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool
}
