public import Domain

extension Contract where Subject == any RecommendationCache {
    private static var people: [UserID] { [1, 2, 3].map(UserID.init(_:)) }

    public static var recommendationCache: [Contract] {
        [
            Contract("A stored list is found under its key and viewer alone") { cache in
                try await cache.remember("answer", for: UserID(7), showing: Self.people)
                try expectEqual(await cache.found(for: UserID(7)), "answer")
                try expectEqual(await cache.found(for: UserID(8)), nil)
                try expectEqual(await cache.found(for: UserID(7), key: "other"), nil)
            },
            Contract("A bump makes the viewer's lists stale, and theirs alone") { cache in
                for viewer in [UserID(7), UserID(8)] { try await cache.remember("answer", for: viewer, showing: Self.people) }
                try await cache.bump(viewers: [UserID(7)])
                try expectEqual(await cache.found(for: UserID(7)), nil)
                try expectEqual(await cache.found(for: UserID(8)), "answer")
                try await cache.remember("new", for: UserID(7), showing: Self.people)
                try expectEqual(await cache.found(for: UserID(7)), "new")
            },
            Contract("A changed person makes the lists stale that show them, and no others") { cache in
                try await cache.remember("with", for: UserID(7), showing: Self.people)
                try await cache.remember("without", for: UserID(8), showing: [UserID(4)])
                try await cache.changed(people: [UserID(2), UserID(9)])
                try expectEqual(await cache.found(for: UserID(7)), nil)
                try expectEqual(await cache.found(for: UserID(8)), "without")
                try await cache.remember("again", for: UserID(7), showing: Self.people)
                try expectEqual(await cache.found(for: UserID(7)), "again")
                try await cache.changed(people: [UserID(2)])
                try expectEqual(await cache.found(for: UserID(7)), nil)
            },
            Contract("A reader of copies learns of everyone who changed or did something, once, and at first that it may be anyone") { cache in
                try await cache.changed(people: [UserID(1)])
                guard let first = await cache.changedPeople(since: nil) else { throw ContractViolation(description: "away") }
                try expectEqual(first.people, nil)
                guard let none = await cache.changedPeople(since: first.position) else { throw ContractViolation(description: "away") }
                try expectEqual(none.people, [])
                // A log that begins can't tell what was before.
                try await cache.bump(viewers: [UserID(7)])
                guard let begun = await cache.changedPeople(since: none.position) else { throw ContractViolation(description: "away") }
                try expect(begun.people.map { $0.contains(UserID(7)) } ?? true)
                try await cache.changed(people: [UserID(2), UserID(3)])
                try await cache.bump(viewers: [UserID(8)])
                guard let news = await cache.changedPeople(since: begun.position) else { throw ContractViolation(description: "away") }
                try expectEqual(news.people.map(Set.init), [UserID(2), UserID(3), UserID(8)])
                guard let rest = await cache.changedPeople(since: news.position) else { throw ContractViolation(description: "away") }
                try expectEqual(rest.people, [])
                var foreign = news.position
                foreign.run = "another"
                try expectEqual(await cache.changedPeople(since: foreign)?.people, nil)
            },
            Contract("A list that was being made when something changed is stale when it is stored") { cache in
                for change in 0..<2 {
                    guard case .miss(let versions?) = await cache.lookup("key", viewer: UserID(7)) else {
                        throw ContractViolation(description: "no versions")
                    }
                    if change == 0 { try await cache.bump(viewers: [UserID(7)]) } else { try await cache.changed(people: [UserID(3)]) }
                    cache.store([1], showing: Self.people, key: "key", viewer: UserID(7), versions: versions)
                    try expectEqual(await cache.found(for: UserID(7)), nil)
                }
            },
        ]
    }
}

extension RecommendationCache {
    fileprivate func remember(_ answer: String, for viewer: UserID, showing people: [UserID]) async throws {
        guard case .miss(let versions?) = await self.lookup("key", viewer: viewer) else {
            throw ContractViolation(description: "no versions to store under")
        }
        self.store(Array(answer.utf8), showing: people, key: "key", viewer: viewer, versions: versions)
    }

    fileprivate func found(for viewer: UserID, key: String = "key") async -> String? {
        guard case .hit(let bytes) = await self.lookup(key, viewer: viewer) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Contract where Subject == any FeatureCache {
    public static var featureCache: [Contract] {
        [
            Contract("Values are found under their version, in the order asked for") { cache in
                let version = FeatureVersion(schema: 1, embedding: "v1")
                await cache.store([(UserID(1), [1]), (UserID(2), [0, 255])], version)
                try expectEqual(await cache.values(of: [UserID(2), UserID(3), UserID(1)], version), [[0, 255], nil, [1]])
                try expectEqual(await cache.values(of: [UserID(1)], FeatureVersion(schema: 2, embedding: "v1")), [nil])
                try expectEqual(await cache.values(of: [UserID(1)], FeatureVersion(schema: 1, embedding: "v2")), [nil])
                await cache.remove([UserID(1)], version)
                try expectEqual(await cache.values(of: [UserID(1), UserID(2)], version), [nil, [0, 255]])
                try expectEqual(await cache.values(of: [], version), [])
            },
            Contract("A listener first doubts everything, then hears who changed") { cache in
                var changes = cache.changes().makeAsyncIterator()
                try expectEqual(await changes.next(), .unknown)
                await cache.announce([UserID(5), UserID(6)])
                try expectEqual(await changes.next(), .people([UserID(5), UserID(6)]))
            },
        ]
    }
}
