import Domain
import LinearMath
import Postgres
import Storage
import TestKit
import Testing

@Suite("apply_interactions_batch()", .enabled(if: TemporaryPostgres.isAvailable))
struct BatchTests {
    struct Event { var user: Int64, target: Int64, kind: Int16, second: Int64 }

    @Test("Batches, in any order of rows, end where recording one by one ends", arguments: 1...6)
    func equivalence(seed: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        // Few people and few moments, so that pairs meet often and times tie.
        let events = (0..<240).map { _ in
            let user = Int64.random(in: 1...5, using: &generator)
            let other = Int64.random(in: 1...4, using: &generator)
            return Event(
                user: user, target: other >= user ? other + 1 : other,
                kind: [1, 1, 1, 3, 2, 4, 5, 6, 6].randomElement(using: &generator) ?? 1,
                second: Int64.random(in: 0...60, using: &generator) * (seed % 2 == 0 ? 1 : 20))
        }
        var seen: Set<String> = []
        let unique = events.filter { seen.insert("\($0)").inserted }

        let recorded = try await TemporaryStorage.with { store in
            try await Self.people(store)
            for start in [0, unique.count / 2] {
                for event in Self.inOrder(start == 0 ? unique[..<(unique.count / 2)] : unique[start...]) {
                    _ = try await store.storage.interactions.record(
                        NewInteraction(
                            userID: UserID(event.user), targetUserID: UserID(event.target),
                            kind: try #require(InteractionKind(code: event.kind)), timestamp: Self.time(event)))
                }
            }
            return try await Self.outcome(store)
        }
        let applied = try await TemporaryStorage.with { store in
            try await Self.people(store)
            let half = unique.count / 2
            #expect(try await Self.apply(Array(unique[..<half]), store) == [half, 0, 0])
            #expect(try await Self.apply(Array(unique[half...]), store) == [unique.count - half, 0, 0])
            let outcome = try await Self.outcome(store)
            #expect(try await Self.apply(unique, store) == [0, unique.count, 0], "a repeated import changes nothing")
            #expect(try await Self.outcome(store) == outcome)
            return outcome
        }
        #expect(recorded == applied)
        #expect(recorded.contains { $0.hasPrefix("match") }, "the sequence is worth testing")
    }

    @Test("Rows about unknown people, oneself or of an unknown kind are refused, repetitions within a batch skipped")
    func refusals() async throws {
        try await TemporaryStorage.with { store in
            try await Self.people(store)
            let events = [
                Event(user: 1, target: 2, kind: 1, second: 1), Event(user: 1, target: 2, kind: 1, second: 1),
                Event(user: 1, target: 1, kind: 1, second: 1), Event(user: 1, target: 99, kind: 1, second: 1),
                Event(user: 1, target: 2, kind: 9, second: 1),
            ]
            #expect(try await Self.apply(events, store) == [1, 1, 3])
        }
    }

    // MARK: Helpers

    private static func time(_ event: Event) -> Timestamp { Timestamp(seconds: 1_700_000_000 + event.second) }

    private static func inOrder(_ events: ArraySlice<Event>) -> [Event] {
        events.enumerated().sorted { ($0.element.second, $0.offset) < ($1.element.second, $1.offset) }.map(\.element)
    }

    private static func people(_ store: TemporaryStorage) async throws {
        for number in 1...5 { _ = try await store.storage.users.create(NewUser(name: "Person \(number)")) }
    }

    /// - Returns: Rows inserted, repeated and refused.
    private static func apply(_ events: [Event], _ store: TemporaryStorage) async throws -> [Int] {
        try await store.postgres.withTransaction { connection in
            _ = try await connection.query(
                """
                CREATE TEMPORARY TABLE staged_interactions (
                    ordinal bigint, user_id bigint, target_user_id bigint, kind smallint, occurred_at timestamptz, context jsonb
                ) ON COMMIT DROP
                """)
            _ = try await connection.query(
                """
                INSERT INTO staged_interactions
                SELECT e.ordinal, e.user_id, e.target, e.kind, to_timestamp(1700000000 + e.second), '{}'
                FROM unnest(\(events.map(\.user)), \(events.map(\.target)), \(events.map(\.kind)), \(events.map(\.second)))
                    WITH ORDINALITY AS e(user_id, target, kind, second, ordinal)
                """)
            let rows = try await connection.query("SELECT inserted, duplicates, refused FROM apply_interactions_batch()")
            return [try rows[0].int(0), try rows[0].int(1), try rows[0].int(2)]
        }
    }

    /// All that the log amounts to, as text.
    private static func outcome(_ store: TemporaryStorage) async throws -> [String] {
        try await store.postgres.query(
            """
            SELECT concat_ws(' ', 'state', user_id, target_user_id, opinion, blocked, reported, updated_at, version) AS line
            FROM pair_states
            UNION ALL SELECT concat_ws(' ', 'match', low, high, created_at, coalesce(ended_at::text, 'open')) FROM matches
            UNION ALL SELECT concat_ws(' ', 'user', id, last_active_at) FROM users
            UNION ALL SELECT concat_ws(' ', 'row', user_id, target_user_id, kind, occurred_at) FROM interactions
            ORDER BY line
            """
        ).map { row in try row.string(0) }
    }
}
