import Domain
import Synchronization

/// People, interactions and models in memory; can be switched off.
final class FakeStore: UserRepository, InteractionRepository, GateRepository, ModelRepository, PairRepository, PrivacyRepository,
    AuditRepository
{
    struct State {
        var users: [UserID: User] = [:]
        var interactions: [Interaction] = []
        var preferences: [UserID: Preferences] = [:]
        var banned: Set<UserID> = []
        var viewerPosition: UInt64 = 0
        var blocks: Set<[UserID]> = []
        var erasures: [String: Erasure] = [:]
        var models: [ModelRecord] = []
        var isAway = false
        /// Whose profiles the gate was asked for.
        var visibleCalls: [[UserID]] = []
        /// Whether the gate does not tell beforehand whom a viewer must not meet.
        var isTooMuch = false
        var audit: [AuditEntry] = []

        func standing(of id: UserID) -> Standing {
            Standing(preferences: self.preferences[id] ?? Preferences(), isBanned: self.banned.contains(id))
        }
    }

    let state = Mutex(State())
    let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    func setAway(_ isAway: Bool) { self.state.withLock { $0.isAway = isAway } }

    private func locked<Result>(_ body: (inout State) throws(RepositoryError) -> sending Result) throws(RepositoryError) -> sending Result {
        try self.state.withLock { (state) throws(RepositoryError) in
            if state.isAway { throw RepositoryError(.unavailable, "SELECT secret FROM users") }
            return try body(&state)
        }
    }

    // MARK: People

    func create(_ user: NewUser) async throws(RepositoryError) -> User {
        try self.locked { state in
            let id = UserID((state.users.keys.max()?.rawValue ?? 0) + 1)
            let created = User(
                id: id, name: user.name, age: user.age, gender: user.gender, location: user.location, coordinate: user.coordinate,
                bio: user.bio, interests: user.interests, createdAt: self.now())
            state.users[id] = created
            return created
        }
    }

    func user(_ id: UserID) async throws(RepositoryError) -> User? { try self.locked { $0.banned.contains(id) ? nil : $0.users[id] } }

    func users(_ ids: [UserID]) async throws(RepositoryError) -> [User] { try self.locked { state in ids.compactMap { state.users[$0] } } }

    func update(_ id: UserID, _ change: UserChange) async throws(RepositoryError) -> User? {
        try self.locked { state in
            guard var user = state.users[id] else { return nil }
            if let name = change.name { user.name = name }
            if let age = change.age { user.age = age }
            if let gender = change.gender { user.gender = gender }
            if let location = change.location { user.location = location }
            if let bio = change.bio { user.bio = bio }
            if let interests = change.interests { user.interests = interests }
            state.users[id] = user
            return user
        }
    }

    func erase(_ id: UserID) async throws(RepositoryError) -> Erasure? {
        try self.locked { state in
            guard state.users.removeValue(forKey: id) != nil else { return nil }
            let erasure = Erasure(receipt: "00000000-0000-4000-8000-00000000000\(id)", userID: id, requestedAt: self.now())
            state.erasures[erasure.receipt] = erasure
            return erasure
        }
    }

    func erasure(_ receipt: String) async throws(RepositoryError) -> Erasure? { try self.locked { $0.erasures[receipt] } }

    func completeErasure(_ receipt: String) async throws(RepositoryError) -> Bool {
        try self.locked { state in
            state.erasures[receipt]?.completedAt = self.now()
            return state.erasures[receipt] != nil
        }
    }

    func list(_ query: UserQuery) async throws(RepositoryError) -> [User] {
        try self.locked { state in
            let matching = state.users.values.sorted { $0.id < $1.id }.filter { user in
                user.id > (query.after ?? UserID(0)) && user.age ?? 0 >= query.minimumAge ?? 0 && user.age ?? 0 <= query.maximumAge ?? 999
                    && (query.gender == nil || user.gender == query.gender)
                    && (query.interest.map { user.interests.contains($0) } ?? true)
                    && (query.viewer.map { !state.blocks.contains([$0, user.id]) && !state.blocks.contains([user.id, $0]) } ?? true)
            }
            return Array(matching.dropFirst(query.skip).prefix(query.limit))
        }
    }

    func preferences(of id: UserID) async throws(RepositoryError) -> Preferences? {
        try self.locked { state in state.users[id] == nil || state.banned.contains(id) ? nil : state.preferences[id] ?? Preferences() }
    }

    func setPreferences(_ preferences: Preferences, of id: UserID) async throws(RepositoryError) -> Bool {
        try self.locked { state in
            guard state.users[id] != nil else { return false }
            state.preferences[id] = preferences
            return true
        }
    }

    func setBan(_ isBanned: Bool, of id: UserID) async throws(RepositoryError) -> Bool {
        try self.locked { state in
            guard state.users[id] != nil else { return false }
            if isBanned { state.banned.insert(id) } else { state.banned.remove(id) }
            return true
        }
    }

    func exists(_ id: UserID) async throws(RepositoryError) -> Bool { try self.locked { $0.users[id] != nil } }

    func count() async throws(RepositoryError) -> Int { try self.locked { $0.users.count } }

    // MARK: Interactions

    func record(_ interaction: NewInteraction) async throws(RepositoryError) -> RecordedInteraction {
        try self.locked { (state) throws(RepositoryError) in
            let missing = [interaction.userID, interaction.targetUserID].filter { state.users[$0] == nil }
            guard missing.isEmpty else { throw RepositoryError(.unknownUser, missing: missing) }
            let row = Interaction(
                id: Int64(state.interactions.count + 1), userID: interaction.userID, targetUserID: interaction.targetUserID,
                kind: interaction.kind, timestamp: self.now(), context: interaction.context)
            let matched =
                row.kind.isPositive
                && state.interactions.contains { $0.kind.isPositive && $0.userID == row.targetUserID && $0.targetUserID == row.userID }
            state.interactions.append(row)
            if row.kind.isSevering { state.blocks.insert([row.userID, row.targetUserID]) }
            return RecordedInteraction(interaction: row, matched: matched, position: UInt64(row.id))
        }
    }

    func interactions(of user: UserID, _ query: InteractionQuery) async throws(RepositoryError) -> [Interaction] {
        try self.locked { state in
            let own = state.interactions.reversed().filter { row in
                row.userID == user && (query.kind == nil || row.kind == query.kind) && row.timestamp >= query.from ?? row.timestamp
                    && row.timestamp <= query.to ?? row.timestamp
            }
            let rest = own.filter { row in query.after.map { (row.timestamp, row.id) < ($0.time, $0.id) } ?? true }
            return Array(rest.dropFirst(query.skip).prefix(query.limit))
        }
    }

    func statistics(of user: UserID) async throws(RepositoryError) -> InteractionStatistics {
        try self.locked { state in
            var statistics = InteractionStatistics()
            for row in state.interactions {
                if row.userID == user { statistics.sent[row.kind, default: 0] += 1 }
                if row.targetUserID == user { statistics.received[row.kind, default: 0] += 1 }
            }
            return statistics
        }
    }

    func between(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> [Interaction] {
        try self.locked { state in
            state.interactions.reversed().filter { Set([$0.userID, $0.targetUserID]) == Set([first, second]) }
        }
    }

    func isMatch(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool {
        try self.locked { state in
            let likes = state.interactions.filter(\.kind.isPositive).map { [$0.userID, $0.targetUserID] }
            return likes.contains([first, second]) && likes.contains([second, first])
        }
    }

    func timeline(of user: UserID, since: Timestamp, intervalDays days: Int) async throws(RepositoryError) -> [TimelineBucket] {
        try self.locked { state in
            let width = Int64(days) * 86_400_000_000
            let rows = state.interactions.filter { $0.userID == user && $0.timestamp >= since }
            return Dictionary(grouping: rows) { $0.timestamp.rawValue / width }.sorted { $0.key < $1.key }.map { start, rows in
                TimelineBucket(start: Timestamp(rawValue: start * width), counts: Dictionary(grouping: rows, by: \.kind).mapValues(\.count))
            }
        }
    }

    func liftBlock(by blocker: UserID, of blocked: UserID) async throws(RepositoryError) -> Bool {
        try self.locked { $0.blocks.remove([blocker, blocked]) != nil }
    }

    // MARK: Gate

    func outlook(of viewer: UserID, seen: SeenPolicy, among candidates: [UserID]?) async throws(RepositoryError) -> Outlook? {
        try self.locked { (state) throws(RepositoryError) in
            guard let own = state.users[viewer], !state.banned.contains(viewer) else { throw RepositoryError(.unknownUser, missing: [viewer]) }
            if candidates == nil, state.isTooMuch { return nil }
            var barred = Set(state.blocks.lazy.filter { $0.contains(viewer) }.joined())
            if seen.isExcluded { barred.formUnion(state.interactions.lazy.filter { $0.userID == viewer }.map(\.targetUserID)) }
            return Outlook(viewer: Person(own, state.standing(of: viewer)), position: state.viewerPosition, barred: barred)
        }
    }

    func visible(_ people: [UserID]) async throws(RepositoryError) -> [Person] {
        try self.locked { state in
            state.visibleCalls.append(people)
            return people.compactMap { id in state.users[id].map { Person($0, state.standing(of: id)) } }.filter { !$0.standing.isHidden }
        }
    }

    func isSevered(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool {
        try self.locked { $0.blocks.contains([first, second]) || $0.blocks.contains([second, first]) }
    }

    // MARK: Models

    func models() async throws(RepositoryError) -> [ModelRecord] { try self.locked { $0.models } }
    func active() async throws(RepositoryError) -> ModelRecord? { try self.locked { $0.models.first(where: \.isActive) } }
    func artefact(_ version: String) async throws(RepositoryError) -> [UInt8]? { nil }
    func register(_ record: ModelRecord, artefact: [UInt8]) async throws(RepositoryError) { try self.locked { $0.models.append(record) } }
    func activate(_ version: String) async throws(RepositoryError) -> Bool {
        try self.locked { state in
            guard state.models.contains(where: { $0.version == version }) else { return false }
            for index in state.models.indices {
                state.models[index].isActive = state.models[index].version == version
                if state.models[index].isActive { state.models[index].activatedAt = self.now() }
            }
            return true
        }
    }
    func changes(interval: Duration) -> AsyncStream<Void> { AsyncStream { $0.finish() } }

    // MARK: Pairs

    func admirers(of user: UserID, after mark: PageMark?, limit: Int) async throws(RepositoryError) -> [Admirer] {
        try self.locked { state in
            let likes = state.interactions.reversed().filter { $0.targetUserID == user && $0.kind.isPositive }
            return likes.compactMap { like in
                guard let person = state.users[like.userID], mark.map({ (like.timestamp, person.id.rawValue) < ($0.time, $0.id) }) ?? true
                else { return nil }
                return Admirer(user: person, likedAt: like.timestamp, isSuperLike: like.kind == .superLike)
            }.prefix(limit).map { $0 }
        }
    }

    func matches(of user: UserID, after mark: PageMark?, limit: Int) async throws(RepositoryError) -> [Match] {
        try self.locked { state in
            let likes = state.interactions.filter(\.kind.isPositive)
            return likes.filter { own in
                own.userID == user && likes.contains { $0.userID == own.targetUserID && $0.targetUserID == user }
            }.compactMap { own in state.users[own.targetUserID].map { Match(user: $0, since: own.timestamp) } }
        }
    }

    // MARK: Privacy

    func personalData(of user: UserID) async throws(RepositoryError) -> [PersonalDataPart]? {
        try self.locked { state in
            state.users[user].map { [PersonalDataPart(name: "profile", json: #"{"id": \#($0.id), "name": "\#($0.name)"}"#)] }
        }
    }

    func pendingErasures(limit: Int) async throws(RepositoryError) -> [Erasure] {
        try self.locked { state in
            state.erasures.values.filter { $0.completedAt == nil }.sorted { $0.requestedAt < $1.requestedAt }.prefix(limit).map { $0 }
        }
    }

    func traces(of user: UserID) async throws(RepositoryError) -> [String] {
        try self.locked { state in state.users[user] == nil ? [] : ["users"] }
    }

    func forEachAnonymised(sharing: Int, _ body: @concurrent ([AnonymisedPerson]) async throws -> Void) async throws {
        let people = try self.locked { state in
            state.users.values.map { user in
                AnonymisedPerson(
                    key: "k\(user.id)", ageBand: 20, gender: user.gender, location: nil, interests: [], joined: "2027-01", likesSent: 4,
                    passesSent: 0, likesReceived: 1, matches: 0)
            }
        }
        try await body(people)
    }

    // MARK: Audit

    func append(_ entry: AuditEntry) async throws(RepositoryError) {
        try self.locked { state in
            var entry = entry
            entry.id = Int64(state.audit.count + 1)
            state.audit.append(entry)
        }
    }

    func entries(before: Int64?, limit: Int) async throws(RepositoryError) -> [AuditEntry] {
        try self.locked { state in
            Array(state.audit.reversed().filter { entry in before.map { entry.id < $0 } ?? true }.prefix(limit))
        }
    }
}
