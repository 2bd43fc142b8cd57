import Domain
import Features
import Testing

@Suite struct BehaviourCountersTests {
    typealias Counterpart = BehaviourCounters.Counterpart

    /// Events in both directions, each as a change of the counters.
    static let events: [@Sendable (inout BehaviourCounters) -> Void] = [
        { $0.apply(sent: .like, to: Counterpart(age: 30, gender: .female), at: Timestamp(seconds: 300)) },
        { $0.apply(sent: .superLike, to: Counterpart(age: 34, gender: .female), at: Timestamp(seconds: 100)) },
        { $0.apply(sent: .dislike, to: Counterpart(age: 61, gender: .male), at: Timestamp(seconds: 500)) },
        { $0.apply(sent: .report, to: Counterpart(age: nil, gender: nil), at: Timestamp(seconds: 200)) },
        { $0.apply(sent: .unmatch, to: Counterpart(age: 30, gender: .female), at: Timestamp(seconds: 400)) },
        { $0.apply(received: .like, from: Counterpart(age: 28, gender: .other)) },
        { $0.apply(received: .dislike, from: Counterpart(age: 40, gender: .female)) },
        { $0.apply(received: .block, from: Counterpart(age: 40, gender: .female)) },
    ]

    static func counted(_ events: some Sequence<@Sendable (inout BehaviourCounters) -> Void>) -> BehaviourCounters {
        var counters = BehaviourCounters()
        for event in events { event(&counters) }
        return counters
    }

    @Test("Each kind of event lands where it belongs")
    func counting() {
        let counters = Self.counted(Self.events)
        #expect(counters.sent.likes == 2)
        #expect(counters.sent.superLikes == 1)
        #expect(counters.sent.dislikes == 1)
        #expect(counters.sent.blocks == 1)
        #expect(counters.received.likes == 1)
        #expect(counters.received.dislikes == 1)
        #expect(counters.received.blocks == 1)
        #expect(counters.likesSentByGender[.female] == 2)
        #expect(counters.dislikesSentByGender[.male] == 1)
        #expect(counters.likesReceivedByGender[.other] == 1)
        #expect(counters.likedAges.mean == 32)
        #expect(counters.likedAges.deviations == 8)
        #expect(counters.likerAges.mean == 28)
        #expect(counters.firstActivity == Timestamp(seconds: 100))
        #expect(counters.lastActivity == Timestamp(seconds: 500))
    }

    @Test("The order of events doesn't matter")
    func order() {
        let expected = Self.counted(Self.events)
        #expect(Self.counted(Self.events.reversed()) == expected)
        #expect(Self.counted(Self.events.dropFirst(3) + Self.events.prefix(3)) == expected)
    }

    @Test("Counters of two parts of the log add up to those of the whole", arguments: 0...8)
    func merging(split: Int) {
        var first = Self.counted(Self.events.prefix(split))
        first.merge(Self.counted(Self.events.dropFirst(split)))
        #expect(first == Self.counted(Self.events))
    }

    @Test("Named values hold everything")
    func roundTrip() {
        var counters = Self.counted(Self.events)
        counters.apply(sent: .like, to: Counterpart(age: 19, gender: .male), at: Timestamp(microseconds: 1_767_225_600_123_457))
        #expect(BehaviourCounters(values: counters.values) == counters)
        #expect(BehaviourCounters(values: [:]) == BehaviourCounters())
        #expect(counters.values["sent.likes.female"] == 2)
    }

    @Test("Stored values that no counter can have are not believed", arguments: [-1, .nan, .infinity])
    func nonsense(value: Double) {
        let read = BehaviourCounters(values: ["sent.likes": value, "activity.last": .infinity, "no.such.name": 1])
        #expect(read == BehaviourCounters())
    }
}
