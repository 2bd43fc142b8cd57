internal import Domain

extension Contract where Subject == Repositories {
    public static var pairs: [Contract] {
        [
            Contract("Who likes and waits for an answer is listed, newest first, page by page") { store in
                let ids = try await store.people(6)
                let start = Timestamp(seconds: 1_700_000_000)
                for (index, id) in ids.dropFirst().enumerated() {
                    try await store.record(index == 2 ? .superLike : .like, id, ids[0], at: start.advanced(by: .seconds(index)))
                }
                let all = try await store.pairs.admirers(of: ids[0], after: nil, limit: 10)
                try expectEqual(all.map(\.user.id), ids.dropFirst().reversed())
                try expectEqual(all.map(\.isSuperLike), [false, false, true, false, false])
                try expectEqual(all.last?.likedAt, start)
                let first = try await store.pairs.admirers(of: ids[0], after: nil, limit: 2)
                let mark = first.last.map { PageMark(time: $0.likedAt, id: $0.user.id.rawValue) }
                // Somebody new comes before the mark and moves nothing.
                try await store.record(.like, try await store.person(), ids[0])
                let second = try await store.pairs.admirers(of: ids[0], after: mark, limit: 10)
                try expectEqual(first.map(\.user.id) + second.map(\.user.id), ids.dropFirst().reversed())
            },
            Contract("An answer, whatever it is, and a block of either side end the waiting") { store in
                let ids = try await store.people(6)
                for id in ids.dropFirst() { try await store.record(.like, id, ids[0]) }
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.dislike, ids[0], ids[2])
                try await store.record(.block, ids[0], ids[3])
                try await store.record(.block, ids[4], ids[0])
                try expectEqual(try await store.pairs.admirers(of: ids[0], after: nil, limit: 10).map(\.user.id), [ids[5]])
                try await store.record(.dislike, ids[5], ids[0])
                try expectEqual(try await store.pairs.admirers(of: ids[0], after: nil, limit: 10), [])
            },
            Contract("Open matches are listed for both, newest first, page by page") { store in
                let ids = try await store.people(4)
                let start = Timestamp(seconds: 1_700_000_000)
                for (index, id) in ids.dropFirst().enumerated() {
                    try await store.record(.like, ids[0], id, at: start)
                    try await store.record(.like, id, ids[0], at: start.advanced(by: .seconds(index + 1)))
                }
                let all = try await store.pairs.matches(of: ids[0], after: nil, limit: 10)
                try expectEqual(all.map(\.user.id), [ids[3], ids[2], ids[1]])
                try expectEqual(try await store.pairs.matches(of: ids[2], after: nil, limit: 10).map(\.user.id), [ids[0]])
                let mark = PageMark(time: all[0].since, id: all[0].user.id.rawValue)
                try expectEqual(try await store.pairs.matches(of: ids[0], after: mark, limit: 1).map(\.user.id), [ids[2]])
                try await store.record(.unmatch, ids[0], ids[3])
                try await store.record(.block, ids[2], ids[0])
                try expectEqual(try await store.pairs.matches(of: ids[0], after: nil, limit: 10).map(\.user.id), [ids[1]])
            },
            Contract("A page of interactions follows the one before, whatever is added meanwhile") { store in
                let ids = try await store.people(2)
                let start = Timestamp(seconds: 1_700_000_000)
                // Several at one moment: the identifier decides.
                for step in 0..<10 { try await store.record(.like, ids[0], ids[1], at: start.advanced(by: .seconds(step / 3))) }
                let all = try await store.interactions.interactions(of: ids[0], InteractionQuery()).map(\.id)
                var query = InteractionQuery()
                query.limit = 4
                var found: [Int64] = []
                while true {
                    let page = try await store.interactions.interactions(of: ids[0], query)
                    guard let last = page.last else { break }
                    found += page.map(\.id)
                    query.after = PageMark(time: last.timestamp, id: last.id)
                    try await store.record(.dislike, ids[0], ids[1])
                }
                try expectEqual(found, all)
            },
        ]
    }

    public static var privacy: [Contract] {
        [
            Contract("What is held about a person names them and what they did, not what others did") { store in
                let ids = try await store.people(3)
                try await store.record(.like, ids[0], ids[1])
                try await store.record(.like, ids[2], ids[0])
                try await store.record(.report, ids[2], ids[0])
                let parts = try await store.privacy.personalData(of: ids[0]) ?? []
                func part(_ name: String) -> String { parts.first { $0.name == name }?.json ?? "" }
                try expect(part("profile").contains(#""name": "Person 0""#), part("profile"))
                try expect(part("interactions").contains("\"target_user_id\": \(ids[1])"), part("interactions"))
                try expect(!part("interactions").contains(": \(ids[2])"), part("interactions"))
                try expectEqual(part("interactions_received"), #"{"like": 1}"#)
                try expectEqual(try await store.privacy.personalData(of: UserID(999_999)), nil)
            },
            Contract("An erasure is pending until it is completed, and leaves no trace") { store in
                let ids = try await store.people(2)
                try await store.record(.like, ids[0], ids[1])
                try expect(try await store.privacy.traces(of: ids[0]).contains("users"))
                try expect(try await store.privacy.traces(of: ids[0]).contains("interactions"))
                let receipt = try await store.users.erase(ids[0])?.receipt ?? ""
                try expectEqual(try await store.privacy.traces(of: ids[0]), [])
                try expectEqual(try await store.privacy.pendingErasures(limit: 10).map(\.receipt), [receipt])
                try expect(try await store.users.completeErasure(receipt))
                try expectEqual(try await store.privacy.pendingErasures(limit: 10), [])
                try expect(try await store.users.erasure(receipt)?.completedAt != nil)
            },
            Contract("The anonymised set tells only what enough people share") { store in
                for number in 0..<5 {
                    _ = try await store.person("Common \(number)") { $0.interests = ["Hiking", "Rare \(number)"] }
                }
                _ = try await store.person("Only") { user in
                    user.age = 77
                    user.location = "Nowhere"
                    user.interests = ["hiking"]
                }
                let found = Collected()
                try await store.privacy.forEachAnonymised(sharing: 5) { await found.add($0) }
                let people = await found.people
                try expectEqual(people.count, 6)
                try expectEqual(Set(people.map(\.key)).count, 6)
                try expect(people.allSatisfy { $0.interests == ["hiking"] })
                let told = people.filter { $0.ageBand != nil }
                try expectEqual(told.count, 5)
                try expect(told.allSatisfy { $0.ageBand == 30 && $0.gender == .female && $0.location == "Berlin" })
                try expect(people.contains { $0.ageBand == nil && $0.gender == nil && $0.location == nil })
            },
            Contract("The audit log keeps what it is given, newest first") { store in
                for step in 1...3 {
                    try await store.audit.append(
                        AuditEntry(
                            time: Timestamp(seconds: Int64(step)), actor: "a", role: "admin", action: "do.\(step)", target: "\(step)",
                            requestID: "r"))
                }
                let entries = try await store.audit.entries(before: nil, limit: 2)
                try expectEqual(entries.map(\.action), ["do.3", "do.2"])
                try expectEqual(try await store.audit.entries(before: entries[1].id, limit: 10).map(\.action), ["do.1"])
            },
        ]
    }
}

private actor Collected {
    var people: [AnonymisedPerson] = []
    func add(_ more: [AnonymisedPerson]) { self.people += more }
}
