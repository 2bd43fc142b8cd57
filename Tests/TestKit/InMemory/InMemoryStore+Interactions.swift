public import Domain

extension InMemoryStore: InteractionRepository {
    public func record(_ interaction: NewInteraction) async throws(RepositoryError) -> RecordedInteraction {
        let recorded = try self.access { (state) throws(RepositoryError) -> RecordedInteraction in
            guard interaction.userID != interaction.targetUserID else { throw RepositoryError(.conflict, "oneself") }
            guard interaction.kind.isRecordable else { throw RepositoryError(.conflict, "a block is lifted by liftBlock alone") }
            let missing = [interaction.userID, interaction.targetUserID].filter { state.user($0) == nil }
            guard missing.isEmpty else { throw RepositoryError(.unknownUser, "no such person", missing: missing) }
            state.transaction += 1
            state.lastInteraction += 1
            let now = self.time
            let row = Interaction(
                id: state.lastInteraction, userID: interaction.userID, targetUserID: interaction.targetUserID, kind: interaction.kind,
                timestamp: interaction.timestamp ?? now, context: interaction.context)
            state.interactions.append((row, state.transaction))
            let matched = state.apply(row, at: min(row.timestamp, now))
            return RecordedInteraction(interaction: row, matched: matched, position: state.transaction)
        }
        self.ring(.log)
        return recorded
    }

    public func interactions(of user: UserID, _ query: InteractionQuery) async throws(RepositoryError) -> [Interaction] {
        try self.access { (state) throws(RepositoryError) in
            let rows = state.newestFirst { row in
                row.userID == user && (query.kind == nil || row.kind == query.kind)
                    && (query.from.map { row.timestamp >= $0 } ?? true) && (query.to.map { row.timestamp <= $0 } ?? true)
            }
            let rest = rows.filter { row in query.after.map { (row.timestamp, row.id) < ($0.time, $0.id) } ?? true }
            return Array(rest.dropFirst(query.skip).prefix(query.limit))
        }
    }

    public func statistics(of user: UserID) async throws(RepositoryError) -> InteractionStatistics {
        try self.access { (state) throws(RepositoryError) in
            var statistics = InteractionStatistics()
            for (row, _) in state.interactions where row.kind.isRecordable {
                if row.userID == user { statistics.sent[row.kind, default: 0] += 1 }
                if row.targetUserID == user { statistics.received[row.kind, default: 0] += 1 }
            }
            return statistics
        }
    }

    public func between(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> [Interaction] {
        try self.access { (state) throws(RepositoryError) in
            state.newestFirst {
                ($0.userID, $0.targetUserID) == (first, second) || ($0.userID, $0.targetUserID) == (second, first)
            }
        }
    }

    public func isMatch(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool {
        try self.access { (state) throws(RepositoryError) in
            state.matches.contains(Pair(user: first, target: second).unordered)
        }
    }

    public func timeline(
        of user: UserID, since: Timestamp, intervalDays days: Int
    ) async throws(RepositoryError) -> [TimelineBucket] {
        try self.access { (state) throws(RepositoryError) in
            let length = Int64(days) * 86_400_000_000
            var counts: [Int64: [InteractionKind: Int]] = [:]
            for (row, _) in state.interactions where row.kind.isRecordable && row.userID == user && row.timestamp >= since {
                let time = row.timestamp.rawValue
                let interval = time / length - (time % length < 0 ? 1 : 0)
                counts[interval, default: [:]][row.kind, default: 0] += 1
            }
            return counts.sorted { $0.key < $1.key }.map {
                TimelineBucket(start: Timestamp(microseconds: $0.key * length), counts: $0.value)
            }
        }
    }

    public func liftBlock(by blocker: UserID, of blocked: UserID) async throws(RepositoryError) -> Bool {
        let wasLifted = try self.access { (state) throws(RepositoryError) in
            let pair = Pair(user: blocker, target: blocked)
            guard var own = state.pairs[pair], own.isBlocked else { return false }
            own.isBlocked = false
            if own.opinion?.isPositive == true { own.opinion = nil }
            own.updatedAt = max(own.updatedAt, self.time)
            state.pairs[pair] = own
            state.transaction += 1
            state.lastInteraction += 1
            let row = Interaction(
                id: state.lastInteraction, userID: blocker, targetUserID: blocked, kind: .unblock, timestamp: self.time)
            state.interactions.append((row, state.transaction))
            return true
        }
        if wasLifted { self.ring(.log) }
        return wasLifted
    }
}

extension InMemoryStore: GateRepository {
    public func outlook(of viewer: UserID, seen: SeenPolicy, among candidates: [UserID]?) async throws(RepositoryError) -> Outlook? {
        try self.access { (state) throws(RepositoryError) in
            guard let own = state.user(viewer) else { throw RepositoryError(.unknownUser, "no such viewer", missing: [viewer]) }
            let barred = (candidates ?? Array(state.users.keys)).filter { id in
                if state.isSevered(viewer, id) { return true }
                guard seen.isExcluded, let pair = state.pairs[Pair(user: viewer, target: id)], let opinion = pair.opinion else { return false }
                return opinion != .dislike || seen.passesSince.map { pair.updatedAt >= $0 } ?? true
            }
            return Outlook(
                viewer: Person(own, state.standing(of: viewer)), position: state.userTransactions[viewer] ?? 0, barred: Set(barred))
        }
    }

    public func visible(_ people: [UserID]) async throws(RepositoryError) -> [Person] {
        try self.access { state in
            people.compactMap { id in state.users[id].map { Person($0, state.standing(of: id)) } }.filter { !$0.standing.isHidden }
        }
    }

    public func isSevered(_ first: UserID, _ second: UserID) async throws(RepositoryError) -> Bool {
        try self.access { (state) throws(RepositoryError) in state.isSevered(first, second) }
    }
}

extension InMemoryStore.State {
    fileprivate func newestFirst(where isIncluded: (Interaction) -> Bool) -> [Interaction] {
        self.interactions.map(\.interaction).filter { $0.kind.isRecordable && isIncluded($0) }.sorted {
            ($0.timestamp, $0.id) > ($1.timestamp, $1.id)
        }
    }

    /// Brings the pair and the sender up to date. - Returns: Whether this completed a mutual like.
    fileprivate mutating func apply(_ row: Interaction, at time: Timestamp) -> Bool {
        let pair = InMemoryStore.Pair(user: row.userID, target: row.targetUserID)
        var own = self.pairs[pair] ?? InMemoryStore.PairState(updatedAt: time)
        if time >= own.updatedAt {
            own.opinion =
                switch row.kind {
                case .like: .like
                case .superLike: .superLike
                case .dislike: .dislike
                case .unmatch: .unmatched
                case .block, .report, .unblock: nil
                }
            own.updatedAt = time
        }
        if row.kind == .block { own.isBlocked = true }
        if row.kind == .report { own.isReported = true }
        self.pairs[pair] = own
        if let active = self.users[row.userID]?.lastActiveAt, active >= time {} else { self.users[row.userID]?.lastActiveAt = time }

        let likesBack = self.pairs[pair.reversed]?.opinion?.isPositive == true
        let isOpen = own.opinion?.isPositive == true && likesBack && !self.isSevered(pair.user, pair.target)
        guard isOpen else {
            if self.matches.remove(pair.unordered) != nil { self.tell(pair, .unmatch, at: time) }
            return false
        }
        let isNew = self.matches.insert(pair.unordered).inserted
        if isNew {
            self.matchTimes[pair.unordered] = time
            self.tell(pair, .match, at: time)
        }
        return isNew
    }

    private mutating func tell(_ pair: InMemoryStore.Pair, _ kind: PairEvent.Kind, at time: Timestamp) {
        for pair in [pair.unordered, pair.unordered.reversed] {
            self.lastInteraction += 1
            let position = LogPosition(transaction: self.transaction, id: self.lastInteraction)
            self.matchEvents.append((pair.user, PairEvent(position: position, kind: kind, other: pair.target, time: time)))
        }
    }
}
