internal import Domain

extension Contract where Subject == Repositories {
    public static var interactions: [Contract] { Self.recording + Self.history + Self.gate }

    private static var recording: [Contract] {
        [
            Contract("All unknown people are named and nothing is written") { store in
                let id = try await store.person()
                let error = try await expectError(.unknownUser) { try await store.record(.like, UserID(77), UserID(88)) }
                try expectEqual(Set(error.missing), [UserID(77), UserID(88)])
                let other = try await expectError(.unknownUser) { try await store.record(.like, id, UserID(88)) }
                try expectEqual(other.missing, [UserID(88)])
                try expectEqual(try await store.interactions.interactions(of: id, InteractionQuery()), [])
            },
            Contract("Nobody interacts with themself") { store in
                let id = try await store.person()
                try await expectError(.conflict) { try await store.record(.like, id, id) }
            },
            Contract("A mutual like matches in the second answer alone") { store in
                let ids = try await store.people(2)
                try expect(try await !store.record(.like, ids[0], ids[1]).matched)
                try expect(try await !store.interactions.isMatch(ids[0], ids[1]))
                try expect(try await store.record(.superLike, ids[1], ids[0]).matched)
                try expect(try await !store.record(.like, ids[0], ids[1]).matched, "liking again is no new match")
                try expect(try await store.interactions.isMatch(ids[1], ids[0]))
            },
            Contract("Crossed likes match in exactly one answer, however they race") { store in
                for _ in 0..<20 {
                    let ids = try await store.people(2)
                    async let first = store.record(.like, ids[0], ids[1]).matched
                    async let second = store.record(.like, ids[1], ids[0]).matched
                    let (one, other) = try await (first, second)
                    try expect(one != other)
                    try expect(try await store.interactions.isMatch(ids[0], ids[1]))
                }
            },
            Contract("A later opinion supersedes an earlier one, history keeps both") { store in
                let ids = try await store.people(2)
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.like, ids[1], ids[0])
                try await store.record(.dislike, ids[0], ids[1])
                try expect(try await !store.interactions.isMatch(ids[0], ids[1]))
                try expect(try await store.record(.like, ids[0], ids[1]).matched, "a changed mind may change again")
                try expectEqual(try await store.interactions.between(ids[0], ids[1]).map(\.kind), [.like, .dislike, .like, .like])
            },
            Contract("What happened earlier but is recorded later changes no opinion") { store in
                let ids = try await store.people(2)
                let time = Timestamp(seconds: 1_700_000_000)
                try await store.record(.like, ids[0], ids[1], at: time)
                try await store.record(.dislike, ids[0], ids[1], at: time.advanced(by: .seconds(-1)))
                try expect(try await store.record(.like, ids[1], ids[0], at: time).matched)
            },
            Contract("A time in the future does not shut out what follows") { store in
                let ids = try await store.people(2)
                try await store.record(.like, ids[0], ids[1], at: Timestamp(seconds: 4_000_000_000))
                try await store.record(.dislike, ids[0], ids[1])
                try expect(try await !store.record(.like, ids[1], ids[0]).matched)
            },
            Contract("An ended match comes back by a new like, not by a replay") { store in
                let ids = try await store.people(2)
                let time = Timestamp(seconds: 1_700_000_000)
                for (user, target) in [(0, 1), (1, 0)] { try await store.record(.like, ids[user], ids[target], at: time) }
                try await store.record(.unmatch, ids[0], ids[1])
                try expect(try await !store.interactions.isMatch(ids[0], ids[1]))
                try expect(try await !store.record(.like, ids[0], ids[1], at: time).matched)
                try expect(try await !store.record(.like, ids[1], ids[0]).matched, "the one who left has not liked again")
                try expect(try await store.record(.like, ids[0], ids[1]).matched)
            },
            Contract("A like from a blocked person is recorded and matches nothing") { store in
                let ids = try await store.people(2)
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.block, ids[0], ids[1])
                try expect(try await !store.record(.like, ids[1], ids[0]).matched)
                try expectEqual(try await store.interactions.statistics(of: ids[1]).sent, [.like: 1])
                try expect(try await store.gate.isSevered(ids[1], ids[0]))
            },
            Contract("Only the blocker lifts a block; a match needs a new like then") { store in
                let ids = try await store.people(2)
                for (user, target) in [(0, 1), (1, 0)] { try await store.record(.like, ids[user], ids[target]) }
                try await store.record(.block, ids[0], ids[1])
                try await store.record(.like, ids[0], ids[1])
                try expect(try await store.gate.isSevered(ids[0], ids[1]), "a block is sticky")
                try expect(try await !store.interactions.liftBlock(by: ids[1], of: ids[0]))
                try expect(try await store.interactions.liftBlock(by: ids[0], of: ids[1]))
                try expect(try await !store.interactions.liftBlock(by: ids[0], of: ids[1]))
                try expect(try await !store.gate.isSevered(ids[0], ids[1]))
                try expect(try await !store.interactions.isMatch(ids[0], ids[1]))
                try expect(try await store.record(.like, ids[0], ids[1]).matched)
            },
            Contract("A report stays when a block is lifted") { store in
                let ids = try await store.people(2)
                try await store.record(.report, ids[0], ids[1])
                try await store.record(.block, ids[0], ids[1])
                try expect(try await store.interactions.liftBlock(by: ids[0], of: ids[1]))
                try expect(try await store.gate.isSevered(ids[1], ids[0]))
            },
            Contract("The sender becomes active at once, never less recently") { store in
                let ids = try await store.people(2)
                let time = Timestamp(seconds: 1_700_000_000)
                try await store.record(.like, ids[0], ids[1], at: time)
                try await store.record(.like, ids[0], ids[1], at: time.advanced(by: .seconds(-5)))
                try expectEqual(try await store.users.user(ids[0])?.lastActiveAt, time)
                try expectEqual(try await store.users.user(ids[1])?.lastActiveAt, nil)
            },
        ]
    }

    private static var history: [Contract] {
        [
            Contract("History is newest first, narrowed and paged") { store in
                let ids = try await store.people(2)
                let times = (0..<4).map { Timestamp(seconds: 1_700_000_000 + Int64($0 / 2)) }  // Two ties.
                for (index, time) in times.enumerated() {
                    try await store.record(index == 3 ? .dislike : .like, ids[0], ids[1], at: time)
                }
                let all = try await store.interactions.interactions(of: ids[0], InteractionQuery())
                try expectEqual(all.map(\.timestamp), times.reversed())
                try expect(all[0].id > all[1].id && all[2].id > all[3].id)
                var query = InteractionQuery()
                (query.skip, query.limit) = (1, 2)
                try expectEqual(try await store.interactions.interactions(of: ids[0], query), Array(all[1...2]))
                query = InteractionQuery()
                (query.kind, query.from, query.to) = (.like, times[2], times[2])
                try expectEqual(try await store.interactions.interactions(of: ids[0], query), [all[1]])
                try expectEqual(try await store.interactions.interactions(of: ids[1], InteractionQuery()), [])
            },
            Contract("The context is kept") { store in
                let ids = try await store.people(2)
                let recorded = try await store.interactions.record(
                    NewInteraction(userID: ids[0], targetUserID: ids[1], kind: .like, context: #"{"list": "a"}"#))
                try expectEqual(try await store.interactions.between(ids[0], ids[1]), [recorded.interaction])
            },
            Contract("Statistics count both directions") { store in
                let ids = try await store.people(3)
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.like, ids[0], ids[2])
                try await store.record(.block, ids[2], ids[0])
                try expectEqual(
                    try await store.interactions.statistics(of: ids[0]), InteractionStatistics(sent: [.like: 2], received: [.block: 1]))
            },
            Contract("A timeline has aligned intervals and leaves out the empty ones") { store in
                let ids = try await store.people(2)
                let day: Int64 = 86_400
                for time in [14 * day + 5, 20 * day, 28 * day] {
                    try await store.record(.like, ids[0], ids[1], at: Timestamp(seconds: time))
                }
                try await store.record(.dislike, ids[0], ids[1], at: Timestamp(seconds: 28 * day + 1))
                let timeline = try await store.interactions.timeline(of: ids[0], since: Timestamp(seconds: 15 * day), intervalDays: 7)
                try expectEqual(
                    timeline,
                    [
                        TimelineBucket(start: Timestamp(seconds: 14 * day), counts: [.like: 1]),
                        TimelineBucket(start: Timestamp(seconds: 28 * day), counts: [.like: 1, .dislike: 1]),
                    ])
            },
        ]
    }

    private static var gate: [Contract] {
        [
            Contract("The gate keeps the order and drops the viewer, strangers and severed people") { store in
                let ids = try await store.people(6)
                try await store.record(.block, ids[0], ids[1])
                try await store.record(.report, ids[2], ids[0])
                let asked = [ids[5], ids[1], ids[0], UserID(999), ids[3], ids[2], ids[4]]
                for excludingSeen in [true, false] {
                    let shown = try await store.gate.admissible(asked, for: ids[0], seen: SeenPolicy(isExcluded: excludingSeen))
                    try expectEqual(shown.map(\.id), [ids[5], ids[3], ids[4]])
                }
                try expectEqual(try await store.gate.admissible([], for: ids[0], seen: SeenPolicy()), [])
            },
            Contract("The gate drops whom the viewer has liked, passed on or left, only if asked") { store in
                let ids = try await store.people(6)
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.dislike, ids[0], ids[2])
                try await store.record(.unmatch, ids[0], ids[3])
                try await store.record(.dislike, ids[4], ids[0])  // The other's opinion hides nobody.
                let asked = Array(ids[1...])
                try expectEqual(
                    try await store.gate.admissible(asked, for: ids[0], seen: SeenPolicy()).map(\.id), [ids[4], ids[5]])
                try expectEqual(try await store.gate.admissible(asked, for: ids[0], seen: SeenPolicy(isExcluded: false)).map(\.id), asked)
            },
            Contract("The gate tells whom a viewer must not meet before it knows who will be looked at, and the same of each afterwards") { store in
                let ids = try await store.people(8)
                let kinds: [(InteractionKind, Int, Int)] = [
                    (.block, 0, 1), (.report, 2, 0), (.like, 0, 3), (.dislike, 0, 4), (.like, 5, 0), (.block, 6, 1), (.superLike, 7, 0),
                ]
                for (kind, one, other) in kinds { try await store.record(kind, ids[one], ids[other]) }
                let all = try await store.outlook(of: ids[0])
                try expectEqual(all.barred, Set(ids[1...4]))
                try expectEqual(all.viewer.user.id, ids[0])
                try expectEqual(try await store.outlook(of: ids[0], SeenPolicy(isExcluded: false)).barred, Set(ids[1...2]))
                for id in ids[1...] {
                    let one = try await store.gate.outlook(of: ids[0], seen: SeenPolicy(), among: [id])
                    try expectEqual(one?.barred, all.barred.intersection([id]))
                }
                try expect(try await store.users.setBan(true, of: ids[7]))
                _ = try await store.users.setPreferences(Preferences(isPaused: true), of: ids[6])
                let visible = try await store.gate.visible(ids + [UserID(999)])
                try expectEqual(Set(visible.map(\.user.id)), Set(ids[...5]))
                try expectEqual(try await store.gate.visible([]), [])
            },
            Contract("The gate forgets a pass that was given before a moment, and nothing else") { store in
                let ids = try await store.people(5)
                let start = Timestamp(seconds: 1_700_000_000)
                try await store.record(.dislike, ids[0], ids[1], at: start)
                try await store.record(.dislike, ids[0], ids[2], at: start.advanced(by: .seconds(100)))
                try await store.record(.like, ids[0], ids[3], at: start)
                try await store.record(.unmatch, ids[0], ids[4], at: start)
                let policy = SeenPolicy(passesSince: start.advanced(by: .seconds(50)))
                let shown = try await store.gate.admissible(Array(ids[1...]), for: ids[0], seen: policy)
                try expectEqual(shown.map(\.id), [ids[1]])
            },
            Contract("The gate lets two pass only if each fits what the other seeks") { store in
                let ada = try await store.person("Ada") { ($0.age, $0.gender) = (30, .female) }
                let bob = try await store.person("Bob") { ($0.age, $0.gender, $0.interests) = (40, .male, ["Chess"]) }
                func meet() async throws -> Bool {
                    let one = try await store.gate.admissible([bob], for: ada, seen: SeenPolicy()).map(\.id) == [bob]
                    let other = try await store.gate.admissible([ada], for: bob, seen: SeenPolicy()).map(\.id) == [ada]
                    try expectEqual(one, other)
                    return one
                }
                let seeking: [(Preferences, UserID, Bool)] = [
                    (Preferences(genders: [.male], minimumAge: 40, maximumAge: 40, requiredInterests: ["CHESS"]), ada, true),
                    (Preferences(genders: [.female, .other], maximumDistance: 10, intent: .dating), bob, true),
                    (Preferences(intent: .friendship), ada, false), (Preferences(minimumAge: 41), ada, false),
                    (Preferences(excludedInterests: ["chess"]), ada, false), (Preferences(requiredInterests: ["Go"]), ada, false),
                    (Preferences(isPaused: true), ada, false), (Preferences(), ada, true), (Preferences(genders: [.male]), bob, false),
                ]
                for (index, (preferences, person, isMet)) in seeking.enumerated() {
                    try expect(try await store.users.setPreferences(preferences, of: person))
                    try expectEqual(try await store.users.preferences(of: person), preferences)
                    if preferences.isPaused {
                        try expectEqual(try await store.gate.admissible([ada], for: bob, seen: SeenPolicy()), [])
                        try expectEqual(try await store.gate.admissible([bob], for: ada, seen: SeenPolicy()).map(\.id), [bob])
                    } else {
                        try expect(try await meet() == isMet, "case \(index)")
                    }
                }
                try expect(try await !store.users.setPreferences(Preferences(), of: UserID(999)))
                try expectEqual(try await store.users.preferences(of: UserID(999)), nil)
            },
            Contract("The gate tells where the log has the viewer's latest change") { store in
                let ids = try await store.people(2)
                let before = try await store.outlook(of: ids[0]).position
                _ = try await store.users.setPreferences(Preferences(minimumAge: 18), of: ids[0])
                let after = try await store.outlook(of: ids[0]).position
                try expect(after > before)
                try await store.settle { $0.contains { $0.position == LogPosition(transaction: after, id: ids[0].rawValue) } }
            },
            Contract("Who is banned is gone for everybody, and back when the ban is lifted") { store in
                let ids = try await store.people(4)
                for (one, other) in [(0, 1), (1, 0), (1, 2)] { try await store.record(.like, ids[one], ids[other]) }
                try expect(try await store.users.setBan(true, of: ids[1]))
                try expect(try await store.users.exists(ids[1]))
                try expect(try await !store.users.setBan(true, of: UserID(999)))
                try expect(try await !store.users.exists(UserID(999)))
                try expectEqual(try await store.users.user(ids[1]), nil)
                try expectEqual(try await store.users.users(ids).map(\.id), [ids[0], ids[2], ids[3]])
                try expectEqual(try await store.users.list(UserQuery()).map(\.id), [ids[0], ids[2], ids[3]])
                try expectEqual(try await store.users.update(ids[1], UserChange(name: "Eve")), nil)
                try expectEqual(try await store.users.preferences(of: ids[1]), nil)
                try expectEqual(try await store.gate.admissible(ids, for: ids[3], seen: SeenPolicy()).map(\.id), [ids[0], ids[2]])
                try await expectError(.unknownUser) { _ = try await store.gate.admissible([ids[0]], for: ids[1], seen: SeenPolicy()) }
                try await expectError(.unknownUser) { try await store.record(.like, ids[1], ids[3]) }
                try await expectError(.unknownUser) { try await store.record(.like, ids[3], ids[1]) }
                try expectEqual(try await store.pairs.matches(of: ids[0], after: nil, limit: 9), [])
                try expectEqual(try await store.pairs.admirers(of: ids[2], after: nil, limit: 9), [])
                try await store.settle { entries in
                    entries.contains { entry in
                        if case .changed(let user, let standing) = entry.event { user.id == ids[1] && standing.isBanned } else { false }
                    }
                }
                try expect(try await store.users.setBan(false, of: ids[1]))
                try expectEqual(try await store.gate.admissible(ids, for: ids[3], seen: SeenPolicy()).map(\.id), [ids[0], ids[1], ids[2]])
                try expectEqual(try await store.pairs.matches(of: ids[0], after: nil, limit: 9).map(\.user.id), [ids[1]])
            },
            Contract("The gate names an unknown viewer") { store in
                let id = try await store.person()
                let error = try await expectError(.unknownUser) {
                    _ = try await store.gate.admissible([id], for: UserID(99), seen: SeenPolicy())
                }
                try expectEqual(error.missing, [UserID(99)])
            },
        ]
    }
}

extension Repositories {
    fileprivate func outlook(of viewer: UserID, _ seen: SeenPolicy = SeenPolicy()) async throws -> Outlook {
        guard let outlook = try await self.gate.outlook(of: viewer, seen: seen, among: nil) else {
            throw ContractViolation(description: "no outlook")
        }
        return outlook
    }
}
