import Domain
import Postgres
import Storage
import TestKit
import Testing

@Suite("Figures", .enabled(if: TemporaryPostgres.isAvailable))
struct FiguresTests {
    /// Eight days ago 1 liked 2 and 2 passed on 3. This week 1 was shown 2 and 3, 3 twice; 1 liked 3, passed on 4, and 3 liked 1.
    private func fill(_ store: TemporaryStorage) async throws -> [Int64] {
        var ids: [Int64] = []
        for name in ["One", "Two", "Three", "Four"] { ids.append(try await store.storage.users.create(NewUser(name: name)).id.rawValue) }
        let week: Int64 = 7 * 86_400
        func record(_ user: Int, _ target: Int, _ kind: InteractionKind, _ age: Int64) async throws {
            _ = try await store.storage.interactions.record(
                NewInteraction(
                    userID: UserID(ids[user]), targetUserID: UserID(ids[target]), kind: kind,
                    timestamp: Timestamp.now.advanced(by: .seconds(-age))))
        }
        try await record(0, 1, .like, week + 86_400)
        try await record(1, 2, .dislike, week + 86_400)
        func serve(_ people: [Int], _ name: String) async throws {
            try await store.storage.servingLog.append([
                ServedList(
                    requestID: name, listID: name, userID: UserID(ids[0]), servedAt: Timestamp.now.advanced(by: .seconds(-7200)),
                    modelVersion: "m", entries: people.map { .init(userID: UserID(ids[$0]), score: 0.5, sources: []) })
            ])
        }
        try await serve([1, 2], "a")
        try await serve([2], "b")
        try await record(0, 2, .like, 3600)
        try await record(0, 3, .dislike, 3600)
        try await record(2, 0, .like, 3600)
        return ids
    }

    @Test("Ratios of the last week are those worked out by hand")
    func business() async throws {
        try await TemporaryStorage.with { store in
            _ = try await self.fill(store)
            #expect(try await store.storage.figures.business().isEmpty)
            #expect(try await store.storage.figures.refreshWhenDue())
            #expect(try await store.storage.figures.refreshWhenDue() == false, "It has just been done.")
            let ratios = try await store.storage.figures.business()
            func isNear(_ name: String, _ value: Double) -> Bool { abs((ratios[name] ?? .nan) - value) < 1e-9 }
            #expect(isNear("like_rate", 2.0 / 3), "Two likes and a pass.")
            #expect(isNear("match_rate", 0.5), "One match by two likes.")
            #expect(isNear("acceptance_rate", 0.5), "Of the two that were shown, one was liked.")
            #expect(isNear("engagement", 0.5), "Two of four did something.")
            #expect(isNear("retention", 0.5), "Of the two of the week before, one came back.")
            // Exposures 0, 0, 1, 2: 2·(3·1 + 4·2) / (4·3) − 5/4.
            #expect(isNear("exposure_gini", 22.0 / 12 - 5.0 / 4))
        }
    }

    @Test("Everything is counted, and the days come with the refresh")
    func figures() async throws {
        try await TemporaryStorage.with { store in
            let before = try await store.storage.figures.figures(days: 30)
            #expect(before.people == 0 && before.days.isEmpty && before.refreshedAt == nil)
            _ = try await self.fill(store)
            try await store.storage.refreshStatistics()
            let figures = try await store.storage.figures.figures(days: 1)
            #expect(figures.people == 4)
            #expect(figures.activePeople == 2)
            #expect(figures.interactions == 5)
            #expect(figures.openMatches == 1)
            #expect(figures.answers == 2)
            #expect(figures.bytes > 1_000_000)
            #expect(figures.logEnd > 0)
            #expect(figures.refreshedAt != nil)
            #expect(figures.days.count == 1)
        }
    }
}
