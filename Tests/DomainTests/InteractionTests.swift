import Domain
import Testing

@Suite struct InteractionTests {
    @Test("Every kind survives the log's code and the interface's name", arguments: InteractionKind.allCases)
    func codes(kind: InteractionKind) {
        #expect(InteractionKind(code: kind.code) == kind)
        #expect(InteractionKind(rawValue: kind.rawValue) == kind)
    }

    @Test("Codes are stored for ever, so they never move")
    func stableCodes() {
        #expect(InteractionKind.allCases.map(\.code).sorted() == [1, 2, 3, 4, 5, 6, 7])
        #expect(InteractionKind.like.code == 1)
        #expect(InteractionKind.superLike.code == 3)
        #expect(InteractionKind(code: 8) == nil)
    }

    @Test("Whoever brings interactions can't bring a lifted block")
    func recordable() {
        #expect(InteractionKind.recordable == [.like, .dislike, .superLike, .block, .report, .unmatch])
        #expect(InteractionKind(recordable: "unblock") == nil)
        #expect(InteractionKind(recordable: "super_like") == .superLike)
    }

    @Test("Positions order by transaction, then by row")
    func positions() {
        #expect(LogPosition(transaction: 1, id: 9) < LogPosition(transaction: 2, id: 1))
        #expect(LogPosition(transaction: 2, id: 1) < LogPosition(transaction: 2, id: 2))
        #expect(LogPosition.start < LogPosition(transaction: 0, id: 1))
    }

    @Test("A set of sources names its members in a fixed order")
    func sources() {
        let sources: CandidateSources = [.init(.exploration), .init(.collaborative)]
        #expect(sources.names == ["collaborative", "exploration"])
        #expect(CandidateSources(rawValue: 0).names.isEmpty)
    }
}
