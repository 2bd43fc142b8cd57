internal import Domain

extension Contract where Subject == Repositories {
    public static var models: [Contract] {
        [
            Contract("A registered model is read back, newest first") { store in
                for (version, second) in [("v1", Int64(10)), ("v2", 20)] {
                    try await store.models.register(.sample(version, second), artefact: [1, 2, 3])
                }
                try expectEqual(try await store.models.models(), [.sample("v2", 20), .sample("v1", 10)])
                try expectEqual(try await store.models.artefact("v1"), [1, 2, 3])
                try expectEqual(try await store.models.artefact("v9"), nil)
                try expectEqual(try await store.models.active(), nil)
            },
            Contract("A wrong checksum and a version that exists are refused") { store in
                try await expectError(.malformed) { try await store.models.register(.sample("v1", 1), artefact: [9]) }
                try expectEqual(try await store.models.models(), [])
                try await store.models.register(.sample("v1", 1), artefact: [1, 2, 3])
                try await expectError(.conflict) { try await store.models.register(.sample("v1", 1), artefact: [1, 2, 3]) }
            },
            Contract("One model is active, and its change is told") { store in
                for version in ["v1", "v2"] { try await store.models.register(.sample(version, 1), artefact: [1, 2, 3]) }
                var changes = store.models.changes(interval: .milliseconds(5)).makeAsyncIterator()
                try expect(await changes.next() != nil)
                try expect(try await store.models.activate("v1"))
                try expect(try await store.models.activate("v2"))
                try expect(try await store.models.activate("v2"))
                try expect(try await !store.models.activate("v3"))
                try expectEqual(try await store.models.active()?.version, "v2")
                try expectEqual(try await store.models.models().filter(\.isActive).count, 1)
                try expect(await changes.next() != nil)
            },
        ]
    }

    public static var embeddings: [Contract] {
        [
            Contract("Embeddings are stored by version and streamed by person") { store in
                let ids = try await store.people(5)
                let embeddings = ids.reversed().map { id in
                    Embedding(userID: id, source: [Float(id.rawValue), -0.5], target: [1.5, Float(id.rawValue)])
                }
                try await store.embeddings.store(embeddings, version: "v1")
                let collected = Collected()
                try await store.embeddings.forEach(version: "v1") { await collected.add($0) }
                try expectEqual(await collected.embeddings, embeddings.reversed())
                try expectEqual(try await store.embeddings.embeddings(of: [ids[2], UserID(99)], version: "v1"), [embeddings[2]])
                try expectEqual(try await store.embeddings.embeddings(of: ids, version: "v2"), [])
                try await store.embeddings.remove(version: "v1")
                try await store.embeddings.remove(version: "v1")
                try expectEqual(try await store.embeddings.embeddings(of: ids, version: "v1"), [])
            },
            Contract("Embeddings of a registered model do not change, and one version has one dimension") { store in
                let ids = try await store.people(2)
                try await expectError(.conflict) {
                    try await store.embeddings.store(
                        [Embedding(userID: ids[0], source: [1], target: [1]), Embedding(userID: ids[1], source: [1, 2], target: [1, 2])],
                        version: "v1")
                }
                try await store.models.register(.sample("v1", 1), artefact: [1, 2, 3])
                try await expectError(.conflict) {
                    try await store.embeddings.store([Embedding(userID: ids[0], source: [1], target: [1])], version: "v1")
                }
            },
        ]
    }

    public static var servingLog: [Contract] {
        [
            Contract("Answers are read back, newest first") { store in
                let ids = try await store.people(3)
                let lists = (0..<3).map { number in
                    ServedList(
                        requestID: "request \(number)", listID: "list", userID: ids[0], servedAt: Timestamp(seconds: Int64(number)),
                        modelVersion: "v1", variant: number == 1 ? "b" : nil,
                        entries: ids.prefix(number).map { .init(userID: $0, score: 0.25, sources: [CandidateSources(.social)]) },
                        degraded: number == 2 ? ["ranking", "features"] : [], isCached: number == 0)
                }
                try await store.servingLog.append(lists)
                try await store.servingLog.append([])
                try expectEqual(try await store.servingLog.served(to: ids[0], limit: 2), [lists[2], lists[1]])
                try expectEqual(try await store.servingLog.served(to: ids[0], limit: 9).last, lists[0])
            },
            Contract("What is logged after an erasure does not name the person") { store in
                let ids = try await store.people(2)
                _ = try await store.users.erase(ids[1])
                let entries = ids.map { ServedList.Entry(userID: $0, score: 1, sources: []) }
                try await store.servingLog.append(
                    ids.map {
                        ServedList(
                            requestID: "r", listID: "l", userID: $0, servedAt: Timestamp(seconds: 1), modelVersion: "v", entries: entries)
                    })
                try expectEqual(try await store.servingLog.served(to: ids[1], limit: 9), [])
                try expectEqual(try await store.servingLog.served(to: ids[0], limit: 9)[0].entries.map(\.userID), [ids[0], UserID(0)])
            },
        ]
    }
}

private actor Collected {
    var embeddings: [Embedding] = []
    func add(_ chunk: [Embedding]) { self.embeddings += chunk }
}

extension ModelRecord {
    fileprivate static func sample(_ version: String, _ second: Int64) -> ModelRecord {
        ModelRecord(
            version: version, schemaVersion: 2, checksum: sha256([1, 2, 3]), metrics: ["ndcg@10": 0.25, "auc": 0.7],
            lineage: ["seed": "7", "note": "a \"quote\""], createdAt: Timestamp(seconds: second))
    }
}
