public import Domain

/// How much two people would like to be put together.
public struct AllocationPair: Hashable, Sendable {
    /// Asks, for instance somebody who looks for a mentor.
    public var proposer: UserID
    /// Is asked, for instance a mentor.
    public var receiver: UserID
    /// How much the proposer would like it; the higher the better.
    public var proposerScore: Double
    /// How much the receiver would.
    public var receiverScore: Double

    public init(proposer: UserID, receiver: UserID, proposerScore: Double, receiverScore: Double) {
        self.proposer = proposer
        self.receiver = receiver
        self.proposerScore = proposerScore
        self.receiverScore = receiverScore
    }
}

/// Puts people together so that no two would rather have each other: deferred acceptance (Gale & Shapley 1962), of which no proposer can
/// wish for a better stable outcome, with places on both sides (Roth 1984). Equal scores are decided by the lower identifier.
public struct StableAllocation: Sendable {
    /// Pairs that were made, by proposer and then by the proposer's own order.
    public let pairs: [AllocationPair]

    private let capacities: [UserID: Int]

    /// - Parameters:
    ///   - pairs: Those that are possible at all, each once; of repetitions and of scores that are no numbers nothing is made.
    ///   - capacities: Places of each person; one where nothing is said. Both sides of somebody who is on both share them not.
    public init(_ pairs: [AllocationPair], capacities: [UserID: Int] = [:]) {
        self.capacities = capacities
        var wishes: [UserID: [AllocationPair]] = [:]
        var seen: Set<[UserID]> = []
        for pair in pairs where !pair.proposerScore.isNaN && !pair.receiverScore.isNaN && pair.proposer != pair.receiver {
            if seen.insert([pair.proposer, pair.receiver]).inserted { wishes[pair.proposer, default: []].append(pair) }
        }
        for proposer in wishes.keys { wishes[proposer]?.sort(by: Self.isBetterForProposer) }
        // Who has asked how far, and how many places they have filled.
        var next: [UserID: Int] = [:]
        var filled: [UserID: Int] = [:]
        var held: [UserID: [AllocationPair]] = [:]
        var asking = wishes.keys.sorted()
        while let proposer = asking.popLast() {
            let own = wishes[proposer] ?? []
            while filled[proposer, default: 0] < Self.capacity(of: proposer, capacities), next[proposer, default: 0] < own.count {
                let pair = own[next[proposer, default: 0]]
                next[proposer, default: 0] += 1
                let places = Self.capacity(of: pair.receiver, capacities)
                guard places > 0 else { continue }
                var kept = held[pair.receiver] ?? []
                let place = kept.firstIndex { Self.isBetterForReceiver(pair, $0) } ?? kept.count
                guard place < places else { continue }
                kept.insert(pair, at: place)
                filled[proposer, default: 0] += 1
                if kept.count > places {
                    let refused = kept.removeLast()
                    filled[refused.proposer, default: 0] -= 1
                    if refused.proposer != proposer { asking.append(refused.proposer) }
                }
                held[pair.receiver] = kept
            }
        }
        self.pairs = held.values.joined().sorted {
            $0.proposer != $1.proposer ? $0.proposer < $1.proposer : Self.isBetterForProposer($0, $1)
        }
    }

    /// Possible pairs of whom both would rather have each other than what they got; none, if all is well.
    public func blockingPairs(among possible: [AllocationPair]) -> [AllocationPair] {
        let byProposer = Dictionary(grouping: self.pairs, by: \.proposer)
        let byReceiver = Dictionary(grouping: self.pairs, by: \.receiver)
        let made = Set(self.pairs)
        return possible.filter { pair in
            guard !made.contains(pair), !pair.proposerScore.isNaN, !pair.receiverScore.isNaN, pair.proposer != pair.receiver else { return false }
            let own = byProposer[pair.proposer] ?? []
            let theirs = byReceiver[pair.receiver] ?? []
            let (ownPlaces, theirPlaces) = (Self.capacity(of: pair.proposer, self.capacities), Self.capacity(of: pair.receiver, self.capacities))
            guard ownPlaces > 0, theirPlaces > 0 else { return false }
            let wants = own.count < ownPlaces || own.contains { Self.isBetterForProposer(pair, $0) }
            return wants && (theirs.count < theirPlaces || theirs.contains { Self.isBetterForReceiver(pair, $0) })
        }
    }

    private static func capacity(of person: UserID, _ capacities: [UserID: Int]) -> Int { max(0, capacities[person] ?? 1) }

    private static func isBetterForProposer(_ one: AllocationPair, _ other: AllocationPair) -> Bool {
        one.proposerScore != other.proposerScore ? one.proposerScore > other.proposerScore : one.receiver < other.receiver
    }

    private static func isBetterForReceiver(_ one: AllocationPair, _ other: AllocationPair) -> Bool {
        one.receiverScore != other.receiverScore ? one.receiverScore > other.receiverScore : one.proposer < other.proposer
    }
}
