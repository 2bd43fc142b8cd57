import Domain
import Features
import Testing
import Trainer

@Suite struct PointInTimeTests {
    static let users = (1...4).map { (id: Int64) -> User in
        User(id: UserID(id), name: "Somebody", age: 30, gender: .female, createdAt: Timestamp(seconds: 0))
    }
    static let events = (0..<100).map { (index: Int) -> Dataset.Event in
        Dataset.Event(
            person: Int32(index % 4), target: Int32((index + 1) % 4), kind: index % 3 == 0 ? .dislike : .like,
            time: Timestamp(seconds: Int64(index)))
    }

    @Test("The log is cut in time: all of the past lies before all of the future")
    func cut() throws {
        let division = PastAndFuture(Self.events, share: 0.2, seed: 1)
        let cut = try #require(division.cut)
        #expect(division.past.count == 80 && division.future.count == 20)
        #expect(division.past.allSatisfy { $0.time < cut })
        #expect(division.future.allSatisfy { $0.time >= cut })
    }

    @Test("A log whose rows bear one time is divided at random")
    func noTimes() {
        let events = Self.events.map { (event: Dataset.Event) -> Dataset.Event in
            var event = event
            event.time = Timestamp(seconds: 5)
            return event
        }
        let division = PastAndFuture(events, share: 0.2, seed: 1)
        #expect(division.cut == nil)
        #expect(division.past.count == 80 && division.future.count == 20)
    }

    @Test("Features of the past pass the audit")
    func clean() throws {
        let division = PastAndFuture(Self.events, share: 0.2, seed: 1)
        let counters = FeatureTable.counters(division.past, users: Self.users)
        try FeatureTable.audit(counters, past: division.past, cut: division.cut)
    }

    @Test("One event of the future among the features is caught, also where the log has no order", arguments: [0, 7, 19])
    func leak(planted: Int) {
        let division = PastAndFuture(Self.events, share: 0.2, seed: 1)
        let counters = FeatureTable.counters(division.past + [division.future[planted]], users: Self.users)
        for cut in [division.cut, nil] {
            #expect {
                try FeatureTable.audit(counters, past: division.past, cut: cut)
            } throws: { ($0 as? TrainingError)?.code == .futureLeak }
        }
    }

    @Test("What happens after the cut changes no feature")
    func independence() {
        let division = PastAndFuture(Self.events, share: 0.2, seed: 1)
        let changed = Self.events.map { (event: Dataset.Event) -> Dataset.Event in
            var event = event
            if event.time >= Timestamp(seconds: 80) { event.kind = .superLike }
            return event
        }
        let other = PastAndFuture(changed, share: 0.2, seed: 1)
        #expect(other.future != division.future)
        #expect(FeatureTable.counters(other.past, users: Self.users) == FeatureTable.counters(division.past, users: Self.users))
    }
}
