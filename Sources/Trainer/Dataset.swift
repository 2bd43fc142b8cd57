package import Domain

/// A community by dense indices, as learning wants it.
package struct Dataset: Sendable {
    /// An interaction between people by their indices.
    package struct Event: Hashable, Sendable {
        package var person: Int32
        package var target: Int32
        package var kind: InteractionKind
        package var time: Timestamp

        package init(person: Int32, target: Int32, kind: InteractionKind, time: Timestamp) {
            self.person = person
            self.target = target
            self.kind = kind
            self.time = time
        }
    }

    let users: [User]
    /// By time; those of one moment in the order of the log.
    let events: [Event]
    private let indices: [UserID: Int32]

    /// Reads everything. Interactions with people who don't exist, with oneself or after `end` are left out.
    init(reading source: some TrainingSource, until end: Timestamp, progress: @Sendable (Int) -> Void) async throws {
        var users: [User] = []
        try await source.forEachUser { users += $0 }
        var indices: [UserID: Int32] = [:]
        indices.reserveCapacity(users.count)
        for (index, user) in users.enumerated() { indices[user.id] = Int32(index) }
        var events: [Event] = []
        var isSorted = true
        try await source.forEachInteraction { chunk in
            for row in chunk where row.kind.isRecordable && row.userID != row.targetUserID && row.timestamp <= end {
                guard let person = indices[row.userID], let target = indices[row.targetUserID] else { continue }
                if let last = events.last, row.timestamp < last.time { isSorted = false }
                events.append(Event(person: person, target: target, kind: row.kind, time: row.timestamp))
            }
            progress(users.count + events.count)
        }
        if !isSorted {
            let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
            events = order.map { events[$0] }
        }
        self.users = users
        self.events = events
        self.indices = indices
    }

    func index(of id: UserID) -> Int? { self.indices[id].map(Int.init) }
}
