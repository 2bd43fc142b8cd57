public import Domain

extension InMemoryStore: PairRepository {
    public func admirers(of user: UserID, after mark: PageMark?, limit: Int) async throws(RepositoryError) -> [Admirer] {
        try self.access { (state) throws(RepositoryError) in
            let waiting = state.pairs.compactMap { pair, opinion -> Admirer? in
                guard pair.target == user, opinion.opinion?.isPositive == true, !state.isSevered(pair.user, user),
                    state.pairs[pair.reversed]?.opinion == nil, let person = state.user(pair.user)
                else { return nil }
                return Admirer(user: person, likedAt: opinion.updatedAt, isSuperLike: opinion.opinion == .superLike)
            }
            let rest = waiting.filter { admirer in mark.map { (admirer.likedAt, admirer.user.id.rawValue) < ($0.time, $0.id) } ?? true }
            return Array(rest.sorted { ($0.likedAt, $0.user.id) > ($1.likedAt, $1.user.id) }.prefix(limit))
        }
    }

    public func matches(of user: UserID, after mark: PageMark?, limit: Int) async throws(RepositoryError) -> [Match] {
        try self.access { (state) throws(RepositoryError) in
            let open = state.matches.compactMap { pair -> Match? in
                guard pair.user == user || pair.target == user, let other = state.user(pair.user == user ? pair.target : pair.user),
                    let since = state.matchTimes[pair]
                else { return nil }
                return Match(user: other, since: since)
            }
            let rest = open.filter { match in mark.map { (match.since, match.user.id.rawValue) < ($0.time, $0.id) } ?? true }
            return Array(rest.sorted { ($0.since, $0.user.id) > ($1.since, $1.user.id) }.prefix(limit))
        }
    }
}

extension InMemoryStore: PrivacyRepository {
    public func personalData(of user: UserID) async throws(RepositoryError) -> [PersonalDataPart]? {
        try self.access { (state) throws(RepositoryError) in
            guard let person = state.users[user] else { return nil }
            let sent = state.interactions.map(\.interaction).filter { $0.userID == user }
            let received = state.interactions.filter { $0.interaction.targetUserID == user && !$0.interaction.kind.isSevering }
            return [
                PersonalDataPart(name: "profile", json: #"{"id": \#(person.id), "name": "\#(person.name)"}"#),
                PersonalDataPart(
                    name: "interactions",
                    json: "[" + sent.map { #"{"id": \#($0.id), "target_user_id": \#($0.targetUserID)}"# }.joined(separator: ", ") + "]"),
                PersonalDataPart(name: "interactions_received", json: received.isEmpty ? "{}" : #"{"like": \#(received.count)}"#),
            ]
        }
    }

    public func pendingErasures(limit: Int) async throws(RepositoryError) -> [Erasure] {
        try self.access { (state) throws(RepositoryError) in
            Array(state.erasures.map(\.erasure).filter { $0.completedAt == nil }.prefix(limit))
        }
    }

    public func traces(of user: UserID) async throws(RepositoryError) -> [String] {
        try self.access { (state) throws(RepositoryError) in
            var tables: [String] = []
            if state.users[user] != nil { tables.append("users") }
            if state.interactions.contains(where: { $0.interaction.userID == user || $0.interaction.targetUserID == user }) {
                tables.append("interactions")
            }
            if state.features.values.contains(where: { $0[user] != nil }) { tables.append("user_features") }
            if state.embeddings.values.contains(where: { $0[user] != nil }) { tables.append("user_embeddings") }
            if state.served.contains(where: { $0.list.userID == user || $0.list.entries.contains { $0.userID == user } }) {
                tables.append("serving_log")
            }
            return tables
        }
    }

    public func forEachAnonymised(sharing: Int, _ body: @concurrent ([AnonymisedPerson]) async throws -> Void) async throws {
        let people = try self.access { (state) throws(RepositoryError) in
            let users = state.users.values.map { user in (user, band: user.age.map { $0 / 10 * 10 }) }
            return users.map { user, band in
                let alike = users.filter { $0.band == band && $0.0.gender == user.gender }
                let isShared = alike.count >= sharing
                let isLocal = alike.count { $0.0.location == user.location } >= sharing
                let interests = user.interests.map { $0.lowercased() }.filter { word in
                    users.count { $0.0.interests.contains { $0.lowercased() == word } } >= sharing
                }
                return AnonymisedPerson(
                    key: String(UInt64.random(in: 0 ... .max), radix: 16), ageBand: isShared ? band : nil,
                    gender: isShared ? user.gender : nil, location: isLocal ? user.location : nil, interests: interests.sorted(),
                    joined: String(user.createdAt.iso8601.prefix(7)), likesSent: 0, passesSent: 0, likesReceived: 0, matches: 0)
            }
        }
        if !people.isEmpty { try await body(people.sorted { $0.key < $1.key }) }
    }
}

extension InMemoryStore: AuditRepository {
    public func append(_ entry: AuditEntry) async throws(RepositoryError) {
        try self.access { (state) throws(RepositoryError) in
            var entry = entry
            entry.id = Int64(state.audit.count + 1)
            state.audit.append(entry)
        }
    }

    public func entries(before: Int64?, limit: Int) async throws(RepositoryError) -> [AuditEntry] {
        try self.access { (state) throws(RepositoryError) in
            Array(state.audit.reversed().filter { entry in before.map { entry.id < $0 } ?? true }.prefix(limit))
        }
    }
}
