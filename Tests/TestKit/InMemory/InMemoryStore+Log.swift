public import Domain

extension InMemoryStore: LogRepository {
    public func interactions(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<Interaction> {
        try self.access { (state) throws(RepositoryError) in
            let entries = state.interactions.map { row, transaction in
                LogEntry(position: LogPosition(transaction: transaction, id: row.id), event: row)
            }
            return state.batch(entries, after: position, limit: limit)
        }
    }

    public func users(after position: LogPosition, limit: Int) async throws(RepositoryError) -> LogBatch<UserEvent> {
        try self.access { (state) throws(RepositoryError) in
            let changed = state.userTransactions.compactMap { id, transaction in
                state.users[id].map {
                    LogEntry(position: LogPosition(transaction: transaction, id: id.rawValue), event: UserEvent.changed($0, state.standing(of: id)))
                }
            }
            let erased = state.erasures.map { erasure, transaction in
                LogEntry(
                    position: LogPosition(transaction: transaction, id: erasure.userID.rawValue), event: UserEvent.erased(erasure.userID))
            }
            return state.batch(changed + erased, after: position, limit: limit)
        }
    }

    public func impressions(
        after position: LogPosition, since start: Timestamp, limit: Int
    ) async throws(RepositoryError) -> LogBatch<Impressions> {
        try self.access { (state) throws(RepositoryError) in
            let entries = state.served.enumerated().filter { !$1.list.isCached && $1.list.servedAt >= start }.map { index, row in
                LogEntry(
                    position: LogPosition(transaction: row.transaction, id: Int64(index + 1)),
                    event: Impressions(viewer: row.list.userID, shown: row.list.entries.map(\.userID), time: row.list.servedAt))
            }
            return state.batch(entries, after: position, limit: limit)
        }
    }

    public func interactionEstimate() async throws(RepositoryError) -> Int {
        try self.access { (state) throws(RepositoryError) in state.interactions.count }
    }

    public func doorbell(interval: Duration) -> AsyncStream<Void> { self.rings(.log, interval: interval) }
}

extension InMemoryStore.State {
    /// Every transaction here is settled at once.
    fileprivate func batch<Event>(_ entries: [LogEntry<Event>], after position: LogPosition, limit: Int) -> LogBatch<Event> {
        let rest = entries.filter { $0.position > position }.sorted { $0.position < $1.position }
        return LogBatch(entries: Array(rest.prefix(limit)), horizon: self.transaction + 1)
    }
}
