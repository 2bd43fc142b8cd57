internal import Domain

extension Contract where Subject == Repositories {
    public static var events: [Contract] {
        [
            Contract("Both sides are told that a match began and that it ended, once each and in order") { store in
                let ids = try await store.people(3)
                let start = try await store.events.settledEnd()
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.superLike, ids[1], ids[0])
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.like, ids[0], ids[2])
                try await store.record(.unmatch, ids[1], ids[0])
                try await store.record(.like, ids[1], ids[0])
                try await store.settleEvents()
                for (person, other) in [(ids[0], ids[1]), (ids[1], ids[0])] {
                    let batch = try await store.events.events(of: person, after: start, includingLikes: false, limit: 100)
                    try expectEqual(batch.events.map(\.kind), [.match, .unmatch, .match])
                    try expectEqual(batch.events.map(\.other), [other, other, other])
                    try expect(batch.isComplete)
                }
                // A like is told only to who may know.
                try expectEqual(try await store.events.events(of: ids[2], after: start, includingLikes: false, limit: 100).events, [])
            },
            Contract("Likes are told to who may know, with the matches and in the order in which they came") { store in
                let ids = try await store.people(3)
                let start = try await store.events.settledEnd()
                try await store.record(.like, ids[1], ids[0])
                try await store.record(.superLike, ids[2], ids[0])
                try await store.record(.dislike, ids[2], ids[0])
                try await store.record(.like, ids[0], ids[1])
                try await store.settleEvents()
                let events = try await store.events.events(of: ids[0], after: start, includingLikes: true, limit: 100).events
                try expectEqual(events.map(\.kind), [.like, .superLike, .match])
                try expectEqual(events.map(\.other), [ids[1], ids[2], ids[1]])
                try expectEqual(events.map(\.position), events.map(\.position).sorted())
            },
            Contract("Whoever goes on from a position misses nothing and gets nothing twice") { store in
                let ids = try await store.people(8)
                var position = try await store.events.settledEnd()
                let start = position
                for id in ids.dropFirst() {
                    try await store.record(.like, id, ids[0])
                    try await store.record(.like, ids[0], id)
                }
                try await store.settleEvents()
                var found: [PairEvent] = []
                while true {
                    let batch = try await store.events.events(of: ids[0], after: position, includingLikes: true, limit: 3)
                    found += batch.events
                    position = batch.position
                    if batch.isComplete { break }
                }
                try expectEqual(found, try await store.events.events(of: ids[0], after: start, includingLikes: true, limit: 100).events)
                try expectEqual(found.count, 14)
                try expectEqual(Set(found.map(\.position)).count, 14)
                try expectEqual(
                    try await store.events.events(of: ids[0], after: position, includingLikes: true, limit: 3),
                    PairEventBatch(events: [], position: position, isComplete: true))
                let end = try await store.events.settledEnd()
                try await store.record(.unmatch, ids[1], ids[0])
                try await store.settleEvents()
                let last = try await store.events.events(of: ids[0], after: end, includingLikes: true, limit: 3).events
                try expectEqual(last.map(\.kind), [.unmatch])
            },
            Contract("Nothing is told of somebody whom a block or report hides, in either direction; the position moves on") { store in
                let ids = try await store.people(4)
                let start = try await store.events.settledEnd()
                for other in ids.dropFirst() {
                    try await store.record(.like, ids[0], other)
                    try await store.record(.like, other, ids[0])
                }
                try await store.record(.block, ids[0], ids[1])
                try await store.record(.report, ids[2], ids[0])
                try await store.settleEvents()
                let batch = try await store.events.events(of: ids[0], after: start, includingLikes: true, limit: 100)
                try expectEqual(Set(batch.events.map(\.other)), [ids[3]])
                try expectEqual(try await store.events.events(of: ids[1], after: start, includingLikes: true, limit: 100).events, [])
                try expectEqual(try await store.events.events(of: ids[2], after: start, includingLikes: true, limit: 100).events, [])
                let rest = try await store.events.events(of: ids[0], after: batch.position, includingLikes: true, limit: 100)
                try expectEqual(rest.events, [])
                try expect(try await store.interactions.liftBlock(by: ids[0], of: ids[1]))
                let open = try await store.events.events(of: ids[0], after: start, includingLikes: false, limit: 100).events
                try expect(open.contains { $0.other == ids[1] })
            },
            Contract("Nothing is told of who is banned, nor to them") { store in
                let ids = try await store.people(3)
                let start = try await store.events.settledEnd()
                for other in ids.dropFirst() {
                    try await store.record(.like, ids[0], other)
                    try await store.record(.like, other, ids[0])
                }
                try expect(try await store.users.setBan(true, of: ids[1]))
                try await store.settleEvents()
                let events = try await store.events.events(of: ids[0], after: start, includingLikes: true, limit: 100).events
                try expectEqual(Set(events.map(\.other)), [ids[2]])
                try expectEqual(try await store.events.events(of: ids[1], after: start, includingLikes: true, limit: 100).events, [])
                try expect(try await store.users.setBan(false, of: ids[1]))
                try expect(
                    try await store.events.events(of: ids[0], after: start, includingLikes: false, limit: 100).events
                        .contains { $0.other == ids[1] })
            },
            Contract("The people concerned are named in the order of the log") { store in
                let ids = try await store.people(3)
                let start = try await store.events.settledEnd()
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.dislike, ids[0], ids[2])
                try await store.record(.like, ids[1], ids[0])
                try await store.settleEvents()
                let all = try await store.events.recipients(after: start, limit: 100)
                try expectEqual(all.entries.prefix(2).map(\.event), [ids[1], ids[0]])
                try expectEqual(Set(all.entries.dropFirst(2).map(\.event)), [ids[0], ids[1]])
                try expectEqual(all.entries.count, 4)
                try expect(all.horizon > all.entries[3].position.transaction)
                let rest = try await store.events.recipients(after: all.entries[1].position, limit: 1)
                try expectEqual(rest.entries, [all.entries[2]])
            },
            Contract("An erased person is in nobody's events") { store in
                let ids = try await store.people(2)
                let start = try await store.events.settledEnd()
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.like, ids[1], ids[0])
                _ = try await store.users.erase(ids[1])
                try await store.settleEvents()
                try expectEqual(try await store.events.events(of: ids[0], after: start, includingLikes: true, limit: 100).events, [])
                try expectEqual(try await store.events.recipients(after: start, limit: 100).entries, [])
            },
        ]
    }
}

extension Repositories {
    /// Waits until everything written so far can be read. A transaction elsewhere in the server may hold the log back, in its other databases
    /// too.
    fileprivate func settleEvents() async throws {
        // Written after the rest: when it is settled, the rest is.
        let person = try await self.person("Last")
        let position = try await self.record(.dislike, person, try await self.person("Very last")).position
        let isSettled = try await eventually { try await self.events.settledEnd().transaction > position }
        try expect(isSettled, "the events do not settle")
    }
}
