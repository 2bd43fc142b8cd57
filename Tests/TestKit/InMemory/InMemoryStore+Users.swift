public import Domain
import Foundation

extension InMemoryStore: UserRepository {
    public func create(_ user: NewUser) async throws(RepositoryError) -> User {
        let created = try self.access { (state) throws(RepositoryError) -> User in
            state.transaction += 1
            state.lastUser += 1
            let id = UserID(state.lastUser)
            let created = User(
                id: id, name: user.name, age: user.age, gender: user.gender, location: user.location, coordinate: user.coordinate,
                bio: user.bio, interests: user.interests, createdAt: self.time)
            state.users[id] = created
            state.userTransactions[id] = state.transaction
            return created
        }
        self.ring(.log)
        return created
    }

    public func user(_ id: UserID) async throws(RepositoryError) -> User? {
        try self.access { (state) throws(RepositoryError) in state.user(id) }
    }

    public func users(_ ids: [UserID]) async throws(RepositoryError) -> [User] {
        try self.access { (state) throws(RepositoryError) in ids.compactMap { state.user($0) } }
    }

    public func update(_ id: UserID, _ change: UserChange) async throws(RepositoryError) -> User? {
        let changed = try self.access { (state) throws(RepositoryError) -> User? in
            guard var user = state.user(id) else { return nil }
            if let location = change.location, location != user.location { user.coordinate = nil }
            user.name = change.name ?? user.name
            user.age = change.age ?? user.age
            user.gender = change.gender ?? user.gender
            user.location = change.location ?? user.location
            if let bio = change.bio { user.bio = bio }
            user.interests = change.interests ?? user.interests
            user.updatedAt = self.time
            state.transaction += 1
            state.users[id] = user
            state.userTransactions[id] = state.transaction
            return user
        }
        self.ring(.log)
        return changed
    }

    public func erase(_ id: UserID) async throws(RepositoryError) -> Erasure? {
        let erasure = try self.access { (state) throws(RepositoryError) -> Erasure? in
            guard state.users.removeValue(forKey: id) != nil else { return nil }
            state.transaction += 1
            state.userTransactions[id] = nil
            state.preferences[id] = nil
            state.banned.remove(id)
            state.interactions.removeAll { $0.interaction.userID == id || $0.interaction.targetUserID == id }
            state.pairs = state.pairs.filter { $0.key.user != id && $0.key.target != id }
            state.matches = state.matches.filter { $0.user != id && $0.target != id }
            state.matchEvents.removeAll { $0.recipient == id || $0.event.other == id }
            for version in state.features.keys { state.features[version]?[id] = nil }
            for version in state.embeddings.keys { state.embeddings[version]?[id] = nil }
            state.served.removeAll { $0.list.userID == id }
            for index in state.served.indices { state.served[index].list.forget(id) }
            let erasure = Erasure(receipt: UUID().uuidString.lowercased(), userID: id, requestedAt: self.time)
            state.erasures.append((erasure, state.transaction))
            return erasure
        }
        self.ring(.log)
        return erasure
    }

    public func erasure(_ receipt: String) async throws(RepositoryError) -> Erasure? {
        try self.access { (state) throws(RepositoryError) in state.erasures.first { $0.erasure.receipt == receipt }?.erasure }
    }

    public func completeErasure(_ receipt: String) async throws(RepositoryError) -> Bool {
        try self.access { (state) throws(RepositoryError) in
            guard let index = state.erasures.firstIndex(where: { $0.erasure.receipt == receipt }) else { return false }
            state.erasures[index].erasure.completedAt = state.erasures[index].erasure.completedAt ?? self.time
            return true
        }
    }

    public func list(_ query: UserQuery) async throws(RepositoryError) -> [User] {
        try self.access { (state) throws(RepositoryError) in
            let matching = state.users.values.filter { user in
                query.matches(user) && !state.banned.contains(user.id) && !(query.viewer.map { state.isSevered($0, user.id) } ?? false)
            }
            return Array(matching.sorted { $0.id < $1.id }.dropFirst(query.skip).prefix(query.limit))
        }
    }

    public func preferences(of id: UserID) async throws(RepositoryError) -> Preferences? {
        try self.access { (state) throws(RepositoryError) in
            state.user(id) == nil ? nil : state.preferences[id] ?? Preferences()
        }
    }

    public func setPreferences(_ preferences: Preferences, of id: UserID) async throws(RepositoryError) -> Bool {
        let isKnown = try self.access { (state) throws(RepositoryError) in
            guard state.user(id) != nil else { return false }
            state.preferences[id] = preferences
            state.noteChange(of: id)
            return true
        }
        self.ring(.log)
        return isKnown
    }

    public func setBan(_ isBanned: Bool, of id: UserID) async throws(RepositoryError) -> Bool {
        let isKnown = try self.access { (state) throws(RepositoryError) in
            guard state.users[id] != nil else { return false }
            if isBanned { state.banned.insert(id) } else { state.banned.remove(id) }
            state.noteChange(of: id)
            return true
        }
        self.ring(.log)
        return isKnown
    }

    public func exists(_ id: UserID) async throws(RepositoryError) -> Bool {
        try self.access { (state) throws(RepositoryError) in state.users[id] != nil }
    }

    public func count() async throws(RepositoryError) -> Int {
        try self.access { (state) throws(RepositoryError) in state.users.count }
    }
}

extension UserQuery {
    fileprivate func matches(_ user: User) -> Bool {
        if let after, user.id <= after { return false }
        if let location {
            guard let place = user.location, location.isEmpty || place.lowercased().contains(location.lowercased()) else { return false }
        }
        if let minimumAge { guard let age = user.age, age >= minimumAge else { return false } }
        if let maximumAge { guard let age = user.age, age <= maximumAge else { return false } }
        if let gender, user.gender != gender { return false }
        if let interest, !user.interests.contains(where: { $0.lowercased() == interest.lowercased() }) { return false }
        if let activeSince { guard let active = user.lastActiveAt, active >= activeSince else { return false } }
        guard let text else { return true }
        let wanted = Self.words(text)
        let words = Self.words(([user.name, user.bio ?? ""] + user.interests).joined(separator: " "))
        return !wanted.isEmpty && wanted.isSubset(of: words)
    }

    private static func words(_ text: String) -> Set<String> {
        Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }
}

extension ServedList {
    mutating func forget(_ id: UserID) {
        for index in self.entries.indices where self.entries[index].userID == id { self.entries[index].userID = UserID(0) }
    }
}
