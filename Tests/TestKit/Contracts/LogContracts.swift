internal import Domain

extension Contract where Subject == Repositories {
    public static var log: [Contract] {
        [
            Contract("Interactions are read in order, once, from any position") { store in
                let ids = try await store.people(3)
                var recorded: [RecordedInteraction] = []
                for target in [ids[1], ids[2], ids[1]] { recorded.append(try await store.record(.like, ids[0], target)) }
                try await store.settle(interactions: 3)
                let first = try await store.log.interactions(after: .start, limit: 2)
                try expectEqual(first.entries.map(\.event), recorded[0..<2].map(\.interaction))
                try expectEqual(first.entries.map(\.position.transaction), recorded[0..<2].map(\.position))
                let last = try await store.log.interactions(after: first.entries[1].position, limit: 2)
                try expectEqual(last.entries.map(\.event), [recorded[2].interaction])
                let rest = try await store.log.interactions(after: last.entries[0].position, limit: 2)
                try expect(rest.entries.isEmpty && rest.horizon > recorded[2].position)
            },
            Contract("A lifted block is told to the log's readers, and is nothing that somebody did") { store in
                let ids = try await store.people(2)
                try await expectError(.conflict) { try await store.record(.unblock, ids[0], ids[1]) }
                try expect(try await !store.interactions.liftBlock(by: ids[0], of: ids[1]))
                try await store.record(.block, ids[0], ids[1])
                try expect(try await store.interactions.liftBlock(by: ids[0], of: ids[1]))
                try await store.settle(interactions: 2)
                let entries = try await store.log.interactions(after: .start, limit: 10).entries.map(\.event)
                try expectEqual(entries.map(\.kind), [.block, .unblock])
                try expectEqual(entries.map(\.userID), [ids[0], ids[0]])
                try expectEqual(entries.map(\.targetUserID), [ids[1], ids[1]])
                try expectEqual(try await store.interactions.interactions(of: ids[0], InteractionQuery()).map(\.kind), [.block])
                try expectEqual(try await store.interactions.between(ids[1], ids[0]).map(\.kind), [.block])
                try expectEqual(
                    try await store.interactions.statistics(of: ids[0]), InteractionStatistics(sent: [.block: 1]))
            },
            Contract("People appear as they are now; an activity is no change") { store in
                let ids = try await store.people(2)
                _ = try await store.users.update(ids[0], UserChange(name: "Eve"))
                try await store.settle { $0.map(\.position.id) == [ids[1].rawValue, ids[0].rawValue] }
                let batch = try await store.log.users(after: .start, limit: 10)
                try expectEqual(batch.entries.map(\.position.id), [ids[1].rawValue, ids[0].rawValue])
                guard case .changed(let user, _) = batch.entries[1].event else { throw ContractViolation(description: "not changed") }
                try expectEqual(user.name, "Eve")
                try await store.record(.like, ids[0], ids[1])
                try await store.settle(interactions: 1)
                try expect(try await store.log.users(after: batch.entries[1].position, limit: 10).entries.isEmpty)
            },
            Contract("An erasure replaces the person in the log") { store in
                let ids = try await store.people(2)
                try await store.settle(users: 2)
                let position = try await store.log.users(after: .start, limit: 10).entries[1].position
                _ = try await store.users.erase(ids[0])
                try await store.settle { $0.contains { $0.event == .erased(ids[0]) } }
                try expectEqual(try await store.log.users(after: position, limit: 10).entries.map(\.event), [.erased(ids[0])])
                let all = try await store.log.users(after: .start, limit: 10).entries.map(\.event)
                try expectEqual(all.count, 2)
                try expectEqual(try await store.log.users(after: .start, limit: 1).entries.map(\.position.id), [ids[1].rawValue])
            },
            Contract("What somebody seeks comes with them") { store in
                let id = try await store.person()
                let preferences = Preferences(
                    genders: [.male, .other], minimumAge: 20, maximumAge: 40, maximumDistance: 12.5, requiredInterests: ["Tea", "Go, 囲碁"],
                    excludedInterests: ["Golf"], intent: .cofounding, isPaused: true)
                _ = try await store.users.setPreferences(preferences, of: id)
                try await store.settle { entries in
                    entries.contains {
                        if case .changed(_, let standing) = $0.event { standing == Standing(preferences: preferences) } else { false }
                    }
                }
            },
            Contract("Answers are read as impressions, once a list") { store in
                let ids = try await store.people(3)
                let time = Timestamp(seconds: 1_900_000_000)
                func list(_ number: Int, cached: Bool = false) -> ServedList {
                    ServedList(
                        requestID: "r\(number)", listID: "l", userID: ids[0], servedAt: time.advanced(by: .seconds(number)), modelVersion: "m",
                        entries: cached ? [] : ids[1...].map { .init(userID: $0, score: 1, sources: []) }, isCached: cached)
                }
                try await store.servingLog.append([list(0), list(1, cached: true), list(2)])
                try await store.servingLog.append([list(3)])
                var batch = LogBatch<Impressions>(entries: [], horizon: 0)
                try await eventually {
                    batch = try await store.log.impressions(after: .start, since: time.advanced(by: .seconds(1)), limit: 10)
                    return batch.entries.count == 2
                }
                try expectEqual(
                    batch.entries.map(\.event),
                    [2, 3].map { Impressions(viewer: ids[0], shown: Array(ids[1...]), time: time.advanced(by: .seconds($0))) })
                let rest = try await store.log.impressions(after: batch.entries[0].position, since: time, limit: 10)
                try expectEqual(rest.entries, [batch.entries[1]])
            },
            Contract("The doorbell yields at once and after a write") { store in
                let ids = try await store.people(2)
                var bell = store.log.doorbell(interval: .milliseconds(5)).makeAsyncIterator()
                try expect(await bell.next() != nil)
                try await store.record(.like, ids[0], ids[1])
                try expect(await bell.next() != nil)
            },
        ]
    }

    public static var features: [Contract] {
        [
            Contract("Features and position are stored together") { store in
                let ids = try await store.people(2)
                let feature = StoredFeatures(
                    userID: ids[0], schemaVersion: 3, values: ["likes \"sent\"\n": 0.1, "rate": -1e-9, "count": 12_345_678_901],
                    computedAt: Timestamp(microseconds: 1_700_000_000_123_456))
                let position = LogPosition(transaction: 1 << 40, id: 7)
                try expectEqual(try await store.features.position(of: "counters"), .start)
                try await store.features.save([feature], consumer: "counters", expected: .start, position: position)
                try expectEqual(try await store.features.features(of: ids, schemaVersion: 3), [feature])
                try expectEqual(try await store.features.features(of: ids, schemaVersion: 2), [])
                try expectEqual(try await store.features.position(of: "counters"), position)
            },
            Contract("A consumer that stands elsewhere changes nothing") { store in
                let id = try await store.person()
                let feature = StoredFeatures(userID: id, schemaVersion: 1, values: [:], computedAt: Timestamp(seconds: 1))
                let position = LogPosition(transaction: 9, id: 1)
                for expected in [LogPosition(transaction: 5, id: 5), .start] {
                    if expected == .start {
                        try await store.features.save([], consumer: "c", expected: .start, position: position)
                    }
                    try await expectError(.conflict) {
                        try await store.features.save(
                            [feature], consumer: "c", expected: expected, position: LogPosition(transaction: 10, id: 1))
                    }
                }
                try expectEqual(try await store.features.features(of: [id], schemaVersion: 1), [])
                try expectEqual(try await store.features.position(of: "c"), position)
            },
            Contract("A feature that is no finite number is refused") { store in
                let id = try await store.person()
                let feature = StoredFeatures(userID: id, schemaVersion: 1, values: ["x": .nan], computedAt: Timestamp(seconds: 1))
                try await expectError(.malformed) {
                    try await store.features.save([feature], consumer: "c", expected: .start, position: LogPosition(transaction: 1, id: 1))
                }
            },
            Contract("One holds a lease at a time, and gives it back however it ends") { store in
                let outer = try await store.features.withLease("leader") {
                    let inner = try await store.features.withLease("leader") { 1 }
                    try expectEqual(inner, nil)
                    let other = try await store.features.withLease("another") { 2 }
                    try expectEqual(other, 2)
                    return 3
                }
                try expectEqual(outer, 3)
                try await expectError(.conflict) {
                    _ = try await store.features.withLease("leader") { throw RepositoryError(.conflict) }
                }
                try expectEqual(try await store.features.withLease("leader") { 4 }, 4)
            },
            Contract("A cancelled holder gives its lease back") { store in
                let (held, holding) = AsyncStream.makeStream(of: Void.self)
                let holder = Task {
                    try await store.features.withLease("leader") {
                        holding.yield()
                        try await Task.sleep(for: .seconds(60))
                    }
                }
                for await _ in held { break }
                holder.cancel()
                _ = await holder.result
                try expectEqual(try await store.features.withLease("leader") { true }, true)
            },
        ]
    }
}

extension Repositories {
    /// Waits until so many people can be read. A transaction elsewhere in the server may hold the log back, in its other databases too.
    fileprivate func settle(users count: Int) async throws { try await self.settle { $0.count == count } }

    func settle(_ isReady: ([LogEntry<UserEvent>]) -> Bool) async throws {
        let isSettled = try await eventually { isReady(try await self.log.users(after: .start, limit: 100).entries) }
        try expect(isSettled, "the people's log does not settle")
    }

    fileprivate func settle(interactions count: Int) async throws {
        let isSettled = try await eventually {
            try await self.log.interactions(after: .start, limit: 100).entries.count == count
        }
        try expect(isSettled, "the interaction log does not settle")
    }
}
