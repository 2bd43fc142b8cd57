internal import Domain
internal import LinearMath

/// People drawn at random from all who are allowed, with a part kept for newcomers.
///
/// The draw is the order of a hash of viewer, day and person (bottom-k sampling), so a list stays the same all day, and somebody who
/// signs up changes at most one place in it.
struct ExplorationStrategy: CandidateStrategy {
    let source = CandidateSource.exploration
    /// Part of the draw that newcomers get, as far as there are any.
    var newcomerShare = 0.5
    /// Days after signing up, and opinions received, up to which somebody is a newcomer.
    var newcomer = (days: Int64(14), opinions: 5)
    /// People to draw from; of more who are allowed, a part is looked at that the same hash picks.
    var sample = 4096

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        let words = query.eligibility.allowed.words
        let seed = Self.mix(UInt64(bitPattern: query.viewerID.rawValue) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: query.day))
        let stride = UInt64(max(1, query.eligibility.allowed.popCount / self.sample))
        let youngest = query.now.rawValue - self.newcomer.days * 86_400_000_000
        let identifiers = state.population.identifiers
        let createdAt = state.population.createdAt
        var everybody = TopK(capacity: count)
        var newcomers = TopK(capacity: Int((Double(count) * self.newcomerShare).rounded(.up)))
        for (index, word) in words.enumerated() where word != 0 {
            guard stride == 1 || Self.mix(seed ^ UInt64(index)) % stride == 0 else { continue }
            var rest = word
            while rest != 0 {
                let row = index << 6 | rest.trailingZeroBitCount
                rest &= rest - 1
                let hash = Self.mix(seed ^ UInt64(bitPattern: identifiers[row].rawValue))
                let score = Float(hash >> 40) * 0x1p-24
                if score >= everybody.threshold { everybody.push(row: Int32(row), score: score) }
                if score >= newcomers.threshold, createdAt[row] >= youngest, state.popularity.opinions(of: row) < self.newcomer.opinions {
                    newcomers.push(row: Int32(row), score: score)
                }
            }
        }
        return Self.interleave(newcomers.sorted(), everybody.sorted(), count: count)
    }

    /// Newcomers and others in turn, each once.
    private static func interleave(_ newcomers: [Hit], _ others: [Hit], count: Int) -> [Hit] {
        var seen = Set(newcomers.map(\.row))
        var rest = others.filter { seen.insert($0.row).inserted }.makeIterator()
        var new = newcomers.makeIterator()
        var drawn: [Hit] = []
        while drawn.count < count {
            let before = drawn.count
            if let hit = new.next() { drawn.append(hit) }
            if drawn.count < count, let hit = rest.next() { drawn.append(hit) }
            if drawn.count == before { break }
        }
        return drawn
    }

    /// The finaliser of splitmix64 (Steele, Lea & Flood 2014).
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
