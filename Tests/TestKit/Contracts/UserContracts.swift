internal import Domain

extension Contract where Subject == Repositories {
    public static var users: [Contract] {
        [
            Contract("A person is read back as created") { store in
                let new = NewUser(
                    name: "Zoë", age: 41, gender: .other, location: "São Paulo",
                    coordinate: Coordinate(latitude: -23.5, longitude: -46.6),
                    bio: "It's \"quoted\"", interests: ["Go", "Jazz, live"])
                let user = try await store.users.create(new)
                try expect(user.id.rawValue > 0)
                try expectEqual(
                    user,
                    User(
                        id: user.id, name: new.name, age: 41, gender: .other, location: new.location, coordinate: new.coordinate,
                        bio: new.bio, interests: new.interests, createdAt: user.createdAt))
                try expectEqual(try await store.users.user(user.id), user)
                try expectEqual(try await store.users.user(UserID(user.id.rawValue + 1)), nil)
                try expectEqual(try await store.users.count(), 1)
            },
            Contract("Bare profiles have a name only") { store in
                let user = try await store.users.create(NewUser(name: "Person 7"))
                let read = try await store.users.user(user.id)
                try expect(read?.age == nil && read?.gender == nil && read?.location == nil && read?.interests == [])
            },
            Contract("People come in the order asked for, without those who don't exist") { store in
                let ids = try await store.people(3)
                let asked = [ids[2], UserID(9999), ids[0]]
                try expectEqual(try await store.users.users(asked).map(\.id), [ids[2], ids[0]])
                try expectEqual(try await store.users.users([]), [])
            },
            Contract("A change leaves the other fields alone; null clears the biography") { store in
                let id = try await store.person { $0.bio = "Old" }
                let renamed = try await store.users.update(id, UserChange(name: "Eve", interests: ["Tea"]))
                try expect(renamed?.name == "Eve" && renamed?.bio == "Old" && renamed?.age == 30 && renamed?.updatedAt != nil)
                let cleared = try await store.users.update(id, UserChange(bio: .some(nil)))
                try expect(cleared?.bio == nil && cleared?.interests == ["Tea"])
                try expectEqual(try await store.users.user(id), cleared)
                try expectEqual(try await store.users.update(UserID(9999), UserChange(name: "Nobody")), nil)
            },
            Contract("A new place takes old coordinates away, the same place keeps them") { store in
                let id = try await store.person { $0.coordinate = Coordinate(latitude: 52.5, longitude: 13.4) }
                try expect(try await store.users.update(id, UserChange(location: "Berlin"))?.coordinate != nil)
                try expectEqual(try await store.users.update(id, UserChange(location: "Rome"))?.coordinate, nil)
            },
            Contract("Filters combine, and bare profiles fit no filter by age or gender") { store in
                let ada = try await store.person("Ada") { ($0.age, $0.interests) = (25, ["Chess", "Jazz"]) }
                let eve = try await store.person("Eve") { ($0.age, $0.gender, $0.interests) = (35, .male, ["jazz"]) }
                _ = try await store.users.create(NewUser(name: "Bare"))
                try expectEqual(try await store.list { $0.minimumAge = 26 }, [eve])
                try expectEqual(try await store.list { $0.maximumAge = 30 }, [ada])
                try expectEqual(try await store.list { $0.interest = "JAZZ" }, [ada, eve])
                try expectEqual(try await store.list { ($0.interest, $0.gender) = ("jazz", .male) }, [eve])
                try expectEqual(try await store.list { ($0.interest, $0.minimumAge, $0.gender) = ("chess", 30, .female) }, [])
            },
            Contract("A place is a substring without case, in which no character is special") { store in
                let plain = try await store.person { $0.location = "New York" }
                let odd = try await store.person { $0.location = "100% pure_\\ place" }
                try expectEqual(try await store.list { $0.location = "yORK" }, [plain])
                try expectEqual(try await store.list { $0.location = "%" }, [odd])
                try expectEqual(try await store.list { $0.location = "_" }, [odd])
                try expectEqual(try await store.list { $0.location = "\\" }, [odd])
                try expectEqual(try await store.list { $0.location = "w_y" }, [])
            },
            Contract("Full text finds all words in name, biography and interests") { store in
                let ada = try await store.person("Ada Lovelace") { ($0.bio, $0.interests) = ("Loves long walks.", ["Sailing"]) }
                let eve = try await store.person("Eve") { $0.bio = "I do not like walks" }
                try expectEqual(try await store.list { $0.text = "walks" }, [ada, eve])
                try expectEqual(try await store.list { $0.text = "WALKS lovelace sailing" }, [ada])
                try expectEqual(try await store.list { $0.text = "walk" }, [])
                try expectEqual(try await store.list { $0.text = "&|!'(" }, [])
            },
            Contract("Pages don't move when people join") { store in
                let ids = try await store.people(5)
                try expectEqual(try await store.list { $0.limit = 2 }, Array(ids[0..<2]))
                _ = try await store.person()
                try expectEqual(try await store.list { ($0.limit, $0.skip) = (2, 2) }, Array(ids[2..<4]))
                try expectEqual(try await store.list { ($0.limit, $0.after) = (2, ids[1]) }, Array(ids[2..<4]))
            },
            Contract("Lists leave out whom a block or report hides, in both directions") { store in
                let ids = try await store.people(4)
                try await store.record(.block, ids[0], ids[1])
                try await store.record(.report, ids[2], ids[0])
                try expectEqual(try await store.list { $0.viewer = ids[0] }, [ids[0], ids[3]])
                try expectEqual(try await store.list { $0.viewer = ids[1] }, [ids[1], ids[2], ids[3]])
            },
            Contract("Active people are those who acted since") { store in
                let ids = try await store.people(3)
                let time = Timestamp(seconds: 1_700_000_000)
                try await store.record(.like, ids[0], ids[1], at: time)
                try expectEqual(try await store.list { $0.activeSince = time }, [ids[0]])
                try expectEqual(try await store.list { $0.activeSince = time.advanced(by: .seconds(1)) }, [])
            },
            Contract("An erasure leaves nothing but its receipt") { store in
                let ids = try await store.people(3)
                for (user, target) in [(0, 1), (1, 0), (2, 0), (1, 2), (2, 1)] { try await store.record(.like, ids[user], ids[target]) }
                try await store.features.save(
                    ids.map { StoredFeatures(userID: $0, schemaVersion: 1, values: ["x": 1], computedAt: Timestamp(seconds: 1)) },
                    consumer: "features", expected: .start, position: LogPosition(transaction: 1, id: 1))
                try await store.embeddings.store(ids.map { Embedding(userID: $0, source: [1], target: [2]) }, version: "v1")
                let entries = ids[0..<2].map { ServedList.Entry(userID: $0, score: 0.5, sources: CandidateSources(.social)) }
                for id in [ids[0], ids[2]] {
                    try await store.servingLog.append([
                        ServedList(
                            requestID: "r", listID: "l", userID: id, servedAt: Timestamp(seconds: 1), modelVersion: "v1", entries: entries)
                    ])
                }
                let erasure = try await store.users.erase(ids[0])
                try expect(erasure?.userID == ids[0] && erasure?.completedAt == nil)
                try expectEqual(try await store.users.erase(ids[0]), nil)
                try expectEqual(try await store.users.user(ids[0]), nil)
                try expectEqual(try await store.interactions.interactions(of: ids[0], InteractionQuery()), [])
                try expectEqual(try await store.interactions.between(ids[0], ids[1]), [])
                try expectEqual(try await store.interactions.statistics(of: ids[1]).received, [.like: 1])
                try expect(try await !store.interactions.isMatch(ids[0], ids[1]))
                try expect(try await store.interactions.isMatch(ids[1], ids[2]))
                try expectEqual(try await store.features.features(of: ids, schemaVersion: 1).count, 2)
                try expectEqual(try await store.embeddings.embeddings(of: ids, version: "v1").count, 2)
                try expectEqual(try await store.servingLog.served(to: ids[0], limit: 9), [])
                try expectEqual(try await store.servingLog.served(to: ids[2], limit: 9)[0].entries.map(\.userID), [UserID(0), ids[1]])
                // What others still hold of the person does not come back.
                try await store.embeddings.store([Embedding(userID: ids[0], source: [1], target: [2])], version: "v2")
                try expectEqual(try await store.embeddings.embeddings(of: ids, version: "v2"), [])
                try await expectError(.unknownUser) { try await store.record(.like, ids[1], ids[0]) }
            },
            Contract("A receipt is completed once the copies are gone") { store in
                let id = try await store.person()
                guard let erasure = try await store.users.erase(id) else { throw ContractViolation(description: "no erasure") }
                try expectEqual(try await store.users.erasure(erasure.receipt), erasure)
                try expect(try await store.users.completeErasure(erasure.receipt))
                try expect(try await store.users.erasure(erasure.receipt)?.completedAt != nil)
                for unknown in ["", "x'", "00000000-0000-0000-0000-000000000000"] {
                    try expectEqual(try await store.users.erasure(unknown), nil)
                    try expect(try await !store.users.completeErasure(unknown))
                }
            },
        ]
    }
}

extension Repositories {
    fileprivate func list(_ narrow: (inout UserQuery) -> Void) async throws -> [UserID] {
        var query = UserQuery()
        narrow(&query)
        return try await self.users.list(query).map(\.id)
    }
}
