internal import Domain
internal import LinearMath

/// A person whom one or more sources proposed.
struct MergedCandidate: Sendable {
    var row: Int32
    var score: Float
    var sources: CandidateSources
    var isKept = false
}

/// Makes one list of what the sources proposed.
///
/// Scores of different sources can't be compared, ranks can: the merged score is the weighted sum of reciprocal ranks
/// (Cormack, Clarke & Büttcher 2009). Quotas decide who is in the list; what a source doesn't fill goes to the best of the others.
struct CandidateMerger {
    /// Flattens the head of each list, as the authors propose.
    static let rankOffset: Float = 60

    private let limit: Int
    /// By raw value of the source.
    private let quotas: [Int]
    private let weights: [Float]
    private var candidates: [MergedCandidate] = []
    /// What the sources proposed, one after the other, as indices of `candidates`.
    private var proposals: [Int32] = []
    private var ranges: [(source: CandidateSource, range: Range<Int>)] = []

    init(limit: Int, quotas: [Int], weights: [Float]) {
        self.limit = limit
        self.quotas = quotas
        self.weights = weights
        self.candidates.reserveCapacity(2 * limit)
        self.proposals.reserveCapacity(3 * limit)
    }

    /// Different people proposed so far.
    var count: Int { self.candidates.count }

    /// Adds a source's proposals, best first.
    mutating func add(_ hits: [Hit], from source: CandidateSource, _ scratch: inout Scratch) {
        let weight = self.weights[Int(source.rawValue)]
        let flag = CandidateSources(source)
        let start = self.proposals.count
        for (rank, hit) in hits.enumerated() {
            let share = weight / (Self.rankOffset + Float(rank + 1))
            let slot = scratch.slots[Int(hit.row)]
            if slot < 0 {
                let slot = Int32(self.candidates.count)
                scratch.slots[Int(hit.row)] = slot
                self.candidates.append(MergedCandidate(row: hit.row, score: share, sources: flag))
                self.proposals.append(slot)
            } else if !self.candidates[Int(slot)].sources.contains(flag) {  // A second round of one source repeats the first.
                self.candidates[Int(slot)].score += share
                self.candidates[Int(slot)].sources.insert(flag)
                self.proposals.append(slot)
            }
        }
        self.ranges.append((source, start..<self.proposals.count))
    }

    /// The merged list, best first; people of equal score in the order of their identifiers.
    mutating func finish(_ scratch: inout Scratch, identifiers: [UserID]) -> [MergedCandidate] {
        for candidate in self.candidates { scratch.slots[Int(candidate.row)] = -1 }
        var left = self.limit
        for (source, range) in self.ranges {
            var quota = min(self.quotas[Int(source.rawValue)], left)
            for slot in self.proposals[range] where quota > 0 && !self.candidates[Int(slot)].isKept {
                self.candidates[Int(slot)].isKept = true
                quota -= 1
                left -= 1
            }
        }
        if left > 0 {
            for slot in self.order(where: { !$0.isKept }, identifiers).prefix(left) { self.candidates[slot].isKept = true }
        }
        return self.order(where: \.isKept, identifiers).map { self.candidates[$0] }
    }

    /// Indices of some candidates in the order of the list.
    private func order(where isIncluded: (MergedCandidate) -> Bool, _ identifiers: [UserID]) -> [Int] {
        var keys: [UInt64] = []
        keys.reserveCapacity(self.candidates.count)
        // One number sorts by score, and finds the candidate again.
        for (index, candidate) in self.candidates.enumerated() where isIncluded(candidate) {
            keys.append(UInt64(~candidate.score.orderedBits) << 32 | UInt64(index))
        }
        keys.sort()
        var order = keys.map { Int($0 & 0xFFFF_FFFF) }
        var start = 0
        for index in 1...max(1, keys.count) where index >= keys.count || keys[index] >> 32 != keys[start] >> 32 {
            if index - start > 1 {
                order[start..<index].sort { left, right in
                    identifiers[Int(self.candidates[left].row)] < identifiers[Int(self.candidates[right].row)]
                }
            }
            start = index
        }
        return order
    }
}
