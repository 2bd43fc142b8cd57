internal import Domain
internal import LinearMath

/// People drawn at random from all who are allowed, with a part kept for newcomers.
///
/// What decides is a hash of viewer, day and person or number of the draw, so a list stays the same all day, and somebody who signs up
/// changes at most one place in it.
struct ExplorationStrategy: CandidateStrategy {
    let source = CandidateSource.exploration
    /// Part of the draw that newcomers get, as far as there are any.
    var newcomerShare = 0.5
    /// Days after signing up, and opinions received, up to which somebody is a newcomer.
    var newcomer = (days: Int64(14), opinions: 5)
    /// Newcomers to draw from; of more, a part is looked at that the same hash picks.
    var sample = 4096
    /// Draws for each person wanted at most; where more are needed, everybody who is allowed is looked at.
    var patience = 32

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        let seed = SeededGenerator.mixed(UInt64(bitPattern: query.viewerID.rawValue) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: query.day))
        let newcomers = self.newcomers(Int((Double(count) * self.newcomerShare).rounded(.up)), seed, query, in: state)
        let others = self.drawn(count, seed, query, in: state) ?? Self.lowest(count, seed, query, in: state)
        return Self.interleave(newcomers, others, count: count)
    }

    /// Identifiers drawn one after the other until enough of them are of people who are allowed: each of those is as likely as any other.
    ///
    /// - Returns: `nil` where too many draws would hit nobody.
    private func drawn(_ count: Int, _ seed: UInt64, _ query: StrategyQuery, in state: borrowing CandidateState) -> [Hit]? {
        guard query.eligibility.allowedCount >= 2 * count else { return nil }
        // A power of two: it changes only when it doubles.
        let span = state.population.identifierSpan
        guard span / UInt64(query.eligibility.allowedCount) < UInt64(self.patience / 2) else { return nil }
        let words = query.eligibility.allowed.words
        var seen = Set<Int32>(minimumCapacity: count)
        var drawn: [Hit] = []
        for number in 1...UInt64(self.patience * count) {
            let id = SeededGenerator.mixed(seed &+ number &* 0x9E37_79B9_7F4A_7C15) & (span - 1)
            guard let row = state.population.row(of: UserID(Int64(bitPattern: id))).map(Int32.init), words.holds(row),
                seen.insert(row).inserted
            else { continue }
            drawn.append(Hit(row: row, score: 1 - Float(drawn.count) / Float(count + 1)))
            if drawn.count == count { return drawn }
        }
        return nil
    }

    /// Those of the highest hash (bottom-k sampling), for when few are allowed.
    private static func lowest(_ count: Int, _ seed: UInt64, _ query: StrategyQuery, in state: borrowing CandidateState) -> [Hit] {
        let identifiers = state.population.identifiers
        var best = TopK(capacity: count)
        query.eligibility.allowed.forEachRow { row in
            best.push(row: Int32(truncatingIfNeeded: row), score: Self.score(identifiers[row], seed))
        }
        return best.sorted()
    }

    /// Whether somebody joined lately and has been judged by few.
    func isNewcomer(_ row: Int, in state: borrowing CandidateState, now: Timestamp) -> Bool {
        state.population.createdAt[row] >= now.rawValue - self.newcomer.days * 86_400_000_000
            && state.popularity.opinions(of: row) < self.newcomer.opinions
    }

    private func newcomers(_ count: Int, _ seed: UInt64, _ query: StrategyQuery, in state: borrowing CandidateState) -> [Hit] {
        let words = query.eligibility.allowed.words
        let youngest = query.now.rawValue - self.newcomer.days * 86_400_000_000
        let identifiers = state.population.identifiers
        let createdAt = state.population.createdAt
        let days = state.population.signedUp(since: youngest, until: query.now.rawValue)
        let step = max(1, days.reduce(0) { $0 + $1.count } / self.sample)
        var best = TopK(capacity: count)
        for (day, rows) in days.enumerated() where !rows.isEmpty {
            let start = Int(truncatingIfNeeded: SeededGenerator.mixed(seed &+ UInt64(day)) % UInt64(step))
            for index in stride(from: start, to: rows.count, by: step) {
                let row = rows[index]
                guard words.holds(row) else { continue }
                let score = Self.score(identifiers[Int(row)], seed)
                guard score >= best.threshold, createdAt[Int(row)] >= youngest,
                    state.popularity.opinions(of: Int(row)) < self.newcomer.opinions
                else { continue }
                best.push(row: row, score: score)
            }
        }
        return best.sorted()
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

    private static func score(_ person: UserID, _ seed: UInt64) -> Float {
        Float(SeededGenerator.mixed(seed ^ UInt64(bitPattern: person.rawValue)) >> 40) * 0x1p-24
    }
}
