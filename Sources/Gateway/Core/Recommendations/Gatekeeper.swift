internal import Domain

/// The last look at the truth before people are shown.
///
/// What the viewer decides is read while the stages are still at work, from the database and after the request came; so whatever was
/// acknowledged before the request counts. Who the others are, the process mostly knows: its copies hold as long as no change was announced
/// (``ChangeLedger``), and who is not among them is read.
struct Gatekeeper: Sendable {
    let gate: any GateRepository
    let people: PersonCache

    /// What can be known before there is anybody to look at.
    struct Look: Sendable {
        fileprivate let viewer: UserID
        fileprivate let seen: SeenPolicy
        /// `nil`: to be read for those who are looked at.
        fileprivate let outlook: Outlook?
        /// `nil`: no copy may be used.
        fileprivate let ticket: ChangeLedger.Ticket?
    }

    /// Who may be shown.
    struct Admission: Sendable {
        /// In the order in which they were asked for.
        var people: [User] = []
        /// Transaction of the viewer's own latest change of profile or preferences.
        var viewerPosition: UInt64 = 0
        /// The viewer's own place.
        var origin: Coordinate?
    }

    /// - Throws: ``RepositoryError/Code/unknownUser`` if the viewer does not exist or is banned.
    func look(for viewer: UserID, seen: SeenPolicy) async throws(RepositoryError) -> Look {
        async let ticket = self.people.refresh()
        let outlook = try await self.gate.outlook(of: viewer, seen: seen, among: nil)
        return Look(viewer: viewer, seen: seen, outlook: outlook, ticket: await ticket)
    }

    func admission(of candidates: [UserID], _ look: Look) async throws(RepositoryError) -> Admission {
        var outlook = look.outlook
        if outlook == nil { outlook = try await self.gate.outlook(of: look.viewer, seen: look.seen, among: candidates) }
        guard let outlook else { return Admission() }
        let suspects = candidates.filter { !outlook.barred.contains($0) }
        var (people, missing) = look.ticket == nil ? ([], suspects) : self.people.take(suspects)
        if !missing.isEmpty {
            let read = try await self.gate.visible(missing)
            if let ticket = look.ticket { self.people.store(read, ticket) }
            people += read
        }
        return Admission(
            people: outlook.admitted(candidates, from: people), viewerPosition: outlook.position,
            origin: outlook.viewer.user.coordinate)
    }
}
