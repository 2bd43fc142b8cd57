internal import Domain
internal import LinearMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// People with the viewer's interests, rare ones counting more, of a similar age and from the same place.
struct ContentStrategy: CandidateStrategy {
    let source = CandidateSource.content
    /// List entries looked at for one request, rarest interests first.
    var budget = 40_000
    var ageWeight: Float = 0.3
    var placeWeight: Float = 0.2
    /// Years after which closeness of age has halved.
    var ageScale: Float = 5

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        guard let viewer = query.viewer else { return [] }
        return self.alike(viewer, count: count, among: query.eligibility.preferred, in: state, &scratch)
    }

    /// People most like `person` by what their profiles say.
    func alike(
        _ person: Int, count: Int, among people: Bitmap, in state: borrowing CandidateState, _ scratch: inout Scratch
    ) -> [Hit] {
        let words = people.words
        self.addInterests(of: person, words: words, in: state, &scratch)
        let place = state.population.placeOf[person]
        if place >= 0 {
            for row in state.population.places[Int(place)].rows.prefix(self.budget) where Self.contains(words, Int(row)) {
                scratch.add(self.placeWeight, to: Int(row))
            }
        }
        defer { scratch.clear() }
        let ages = state.population.ages
        let age = ages[person]
        var best = TopK(capacity: count)
        for row in scratch.touched {
            var score = scratch.scores[Int(row)]
            let other = ages[Int(row)]
            if age != Population.unknown, other != Population.unknown {
                let difference = abs(Float(age) - Float(other)) / self.ageScale
                score += self.ageWeight / (1 + difference * difference)
            }
            best.push(row: row, score: score)
        }
        return best.sorted()
    }

    /// Adds to each the share of the person's interests that they have, weighted by inverse document frequency.
    private func addInterests(of person: Int, words: [UInt64], in state: borrowing CandidateState, _ scratch: inout Scratch) {
        let people = Float(max(1, state.population.aliveCount))
        var weighted: [(interest: Int, weight: Float)] = []
        for interest in state.population.interestsOf[person] {
            let holders = state.population.interestRows[Int(interest)].count
            weighted.append((Int(interest), log1pf(people / Float(holders + 1))))
        }
        let total = weighted.reduce(Float(0)) { $0 + $1.weight }
        guard total > 0 else { return }
        weighted.sort { $0.weight > $1.weight }
        var left = self.budget
        for (interest, weight) in weighted where left > 0 {
            let share = weight / total
            let rows = state.population.interestRows[interest]
            for row in rows.prefix(left) where Self.contains(words, Int(row)) { scratch.add(share, to: Int(row)) }
            left -= rows.count
        }
    }

    @inline(__always)
    private static func contains(_ words: [UInt64], _ row: Int) -> Bool { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }
}
