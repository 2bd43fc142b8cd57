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
    private let quotas: [CandidateSource: Int]
    private let weights: [CandidateSource: Double]
    private var candidates: [MergedCandidate] = []
    private var proposals: [(source: CandidateSource, slots: [Int32])] = []

    init(limit: Int, quotas: [CandidateSource: Int], weights: [CandidateSource: Double]) {
        self.limit = limit
        self.quotas = quotas
        self.weights = weights
    }

    /// Different people proposed so far.
    var count: Int { self.candidates.count }

    /// Adds a source's proposals, best first.
    mutating func add(_ hits: [Hit], from source: CandidateSource, _ scratch: inout Scratch) {
        let weight = Float(self.weights[source] ?? 0)
        let flag = CandidateSources(source)
        var slots: [Int32] = []
        slots.reserveCapacity(hits.count)
        for (rank, hit) in hits.enumerated() {
            var slot = scratch.slots[Int(hit.row)]
            if slot < 0 {
                slot = Int32(self.candidates.count)
                scratch.slots[Int(hit.row)] = slot
                self.candidates.append(MergedCandidate(row: hit.row, score: 0, sources: []))
            }
            let index = Int(slot)
            // A second round of one source repeats the first.
            guard !self.candidates[index].sources.contains(flag) else { continue }
            self.candidates[index].score += weight / (Self.rankOffset + Float(rank + 1))
            self.candidates[index].sources.insert(flag)
            slots.append(slot)
        }
        self.proposals.append((source, slots))
    }

    /// The merged list, best first; people of equal score in the order of their identifiers.
    mutating func finish(_ scratch: inout Scratch, identifiers: [UserID]) -> [MergedCandidate] {
        for candidate in self.candidates { scratch.slots[Int(candidate.row)] = -1 }
        var left = self.limit
        for (source, slots) in self.proposals {
            var quota = min(self.quotas[source] ?? 0, left)
            for slot in slots where quota > 0 && !self.candidates[Int(slot)].isKept {
                self.candidates[Int(slot)].isKept = true
                quota -= 1
                left -= 1
            }
        }
        let order: (MergedCandidate, MergedCandidate) -> Bool = {
            $0.score > $1.score || ($0.score == $1.score && identifiers[Int($0.row)] < identifiers[Int($1.row)])
        }
        var list = self.candidates.filter(\.isKept)
        if left > 0 { list += self.candidates.filter { !$0.isKept }.sorted(by: order).prefix(left) }
        return list.sorted(by: order)
    }
}
