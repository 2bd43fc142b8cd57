import Domain
import LinearMath
import Models
import Testing

@Suite("Allocation with places on both sides")
struct StableAllocationTests {
    private static func pair(_ proposer: Int64, _ receiver: Int64, _ own: Double, _ theirs: Double) -> AllocationPair {
        AllocationPair(proposer: UserID(proposer), receiver: UserID(receiver), proposerScore: own, receiverScore: theirs)
    }

    @Test("The example of Gale and Shapley: each proposer gets the best that a stable outcome allows")
    func classic() {
        // Three cyclic preferences: proposers get their first choices, receivers their last.
        let scores: [(Int64, Int64, Double, Double)] = [
            (1, 11, 3, 1), (1, 12, 2, 3), (1, 13, 1, 2), (2, 12, 3, 1), (2, 13, 2, 3), (2, 11, 1, 2), (3, 13, 3, 1), (3, 11, 2, 3),
            (3, 12, 1, 2),
        ]
        let pairs = scores.map { Self.pair($0.0, $0.1, $0.2, $0.3) }
        let made = StableAllocation(pairs).pairs
        #expect(made.map { [$0.proposer.rawValue, $0.receiver.rawValue] } == [[1, 11], [2, 12], [3, 13]])
        let swapped = pairs.map { Self.pair($0.receiver.rawValue, $0.proposer.rawValue, $0.receiverScore, $0.proposerScore) }
        #expect(StableAllocation(swapped).pairs.map { [$0.proposer.rawValue, $0.receiver.rawValue] } == [[11, 3], [12, 1], [13, 2]])
    }

    @Test("A mentor with places takes the best who ask; who has none takes nobody")
    func capacities() {
        let pairs = (1...5).map { Self.pair(Int64($0), 10, 1, Double($0)) } + [Self.pair(1, 11, 0, 0), Self.pair(2, 12, 0.5, 1)]
        let allocation = StableAllocation(pairs, capacities: [UserID(10): 3, UserID(12): 0])
        #expect(allocation.pairs.map { [$0.proposer.rawValue, $0.receiver.rawValue] } == [[1, 11], [3, 10], [4, 10], [5, 10]])
        #expect(allocation.blockingPairs(among: pairs).isEmpty)
    }

    @Test("Scores that are no numbers, repetitions and oneself make no pair")
    func nonsense() {
        let pairs = [Self.pair(1, 1, 9, 9), Self.pair(1, 2, .nan, 1), Self.pair(1, 3, 1, 1), Self.pair(1, 3, 5, 5)]
        #expect(StableAllocation(pairs, capacities: [UserID(1): 4]).pairs == [pairs[2]])
        #expect(StableAllocation([]).pairs.isEmpty)
    }

    @Test("Random markets have no blocking pair, nobody gets more than their places, and a wrong outcome would show", arguments: 1...20)
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func number(_ bound: Int) -> Int { Int(generator.uniform() * Double(bound)) }
        let (mentees, mentors) = (40 + number(60), 5 + number(20))
        var capacities: [UserID: Int] = [:]
        for mentor in 0..<mentors { capacities[UserID(Int64(1000 + mentor))] = number(6) }
        for mentee in 1...mentees where number(4) == 0 { capacities[UserID(Int64(mentee))] = 1 + number(3) }
        var pairs: [AllocationPair] = []
        for mentee in 1...mentees {
            for mentor in 0..<mentors where number(10) < 7 {
                // Few different scores: ties are common.
                pairs.append(Self.pair(Int64(mentee), Int64(1000 + mentor), Double(number(5)), Double(number(8))))
            }
        }
        let allocation = StableAllocation(pairs, capacities: capacities)
        #expect(allocation.blockingPairs(among: pairs).isEmpty)
        let sides = Dictionary(grouping: allocation.pairs.flatMap { [$0.proposer, $0.receiver] }) { $0 }
        #expect(sides.allSatisfy { $1.count <= capacities[$0] ?? 1 })
        #expect(Set(allocation.pairs).count == allocation.pairs.count && Set(pairs).isSuperset(of: allocation.pairs))
        #expect(!StableAllocation([], capacities: capacities).blockingPairs(among: pairs).isEmpty)
    }
}
