public import Domain

extension InMemoryStore: EventRepository {
    public func settledEnd() async throws(RepositoryError) -> LogPosition {
        try self.access { (state) throws(RepositoryError) in LogPosition(transaction: state.transaction + 1, id: 0) }
    }

    public func events(
        of person: UserID, after position: LogPosition, includingLikes: Bool, limit: Int
    ) async throws(RepositoryError) -> PairEventBatch {
        try self.access { (state) throws(RepositoryError) in
            let found = state.pairEvents.filter { recipient, event in
                recipient == person && event.position > position && (includingLikes || event.kind == .match || event.kind == .unmatch)
            }.prefix(limit)
            return PairEventBatch(
                events: found.map(\.event).filter { event in
                    !state.isSevered(person, event.other) && state.user(person) != nil && state.user(event.other) != nil
                },
                position: found.last?.event.position ?? position, isComplete: found.count < limit)
        }
    }

    public func recipients(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<UserID> {
        try self.access { (state) throws(RepositoryError) in
            let entries = state.pairEvents.filter { $0.event.position > position }.prefix(limit).map { recipient, event in
                LogEntry(position: event.position, event: recipient)
            }
            return LogBatch(entries: entries, horizon: state.transaction + 1)
        }
    }
}

extension InMemoryStore.State {
    /// Of everyone, in the order of the log.
    fileprivate var pairEvents: [(recipient: UserID, event: PairEvent)] {
        let likes = self.interactions.compactMap { row, transaction -> (recipient: UserID, event: PairEvent)? in
            guard row.kind.isPositive else { return nil }
            let position = LogPosition(transaction: transaction, id: row.id)
            return (
                row.targetUserID,
                PairEvent(position: position, kind: row.kind == .superLike ? .superLike : .like, other: row.userID, time: row.timestamp)
            )
        }
        return (likes + self.matchEvents).sorted { $0.event.position < $1.event.position }
    }
}
