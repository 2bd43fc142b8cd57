internal import Domain
internal import LinearMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// People with the viewer's interests, rare ones counting more, of a similar age and from the same place.
///
/// Bit slices bound everybody's score from above, 64 people in one operation; scored are those whose bound reaches the list.
struct ContentStrategy: CandidateStrategy {
    let source = CandidateSource.content
    /// Most interests that are looked at, rarest first.
    var interests = 48
    var ageWeight: Float = 0.3
    var placeWeight: Float = 0.2
    /// Years after which closeness of age has halved.
    var ageScale: Float = 5
    /// Differences of age up to which bounds tell people apart.
    private static let ageSteps = [1, 4, 8, 14]

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        guard let viewer = query.viewer else { return [] }
        return self.alike(viewer, count: count, among: query.eligibility.preferred, in: state, &scratch)
    }

    /// People most like `person` by what their profiles say, with an interest or the place in common.
    func alike(
        _ person: Int, count: Int, among people: Bitmap, in state: borrowing CandidateState, _ scratch: inout Scratch
    ) -> [Hit] {
        let shares = self.shares(of: person, in: state)
        let place = Int(state.population.placeOf[person])
        let age = state.population.ages[person]
        // Weights are rounded up to whole units, of which there are as many as the slices hold: the sums are never too small.
        let summands = shares.count + 1 + Self.ageSteps.count
        let unit = Float(BitSlices.greatestSum - summands) / (1 + self.placeWeight + self.ageWeight)
        let units = { (weight: Float) in Int((weight * unit).rounded(.up)) }

        var weights = shares.map(\.weight)
        scratch.slices.reset(mask: people)
        for share in shares { scratch.slices.add(units(share.weight), rows: state.population.peopleByInterest[share.interest]) }
        if place >= 0 {
            scratch.slices.add(units(self.placeWeight), rows: state.population.places[place].people)
            weights.append(self.placeWeight)
        }
        guard !weights.isEmpty else { return [] }
        // Age alone makes nobody alike.
        scratch.slices.keepHeld()
        var beyond: Float = 0
        if age != Population.unknown { beyond = self.addAges(around: Int(age), units, in: state, &scratch.slices) }
        scratch.slices.sum()

        let ages = state.population.ages
        var best = TopK(capacity: count)
        for level in (0..<BitSlices.levels).reversed() {
            let bound = Float((level + 1) * BitSlices.levelWidth - 1) / unit + beyond
            // A ten-thousandth covers what rounding does to the sums.
            guard bound * 1.0001 >= best.threshold else { break }
            scratch.slices.forEachRow(level: level) { row, holders in
                var score: Float = 0
                for index in weights.indices where holders >> UInt64(index) & 1 == 1 { score += weights[index] }
                let other = ages[Int(row)]
                if age != Population.unknown, other != Population.unknown {
                    score += self.closeness(years: abs(Int(age) - Int(other)))
                }
                best.push(row: row, score: score)
            }
        }
        return best.sorted()
    }

    /// Adds ranges of age around one, each with what it has over the next wider one.
    ///
    /// - Returns: The most that age adds for people outside all of them.
    private func addAges(
        around age: Int, _ units: (Float) -> Int, in state: borrowing CandidateState, _ slices: inout BitSlices
    ) -> Float {
        var nearest = 0
        for step in Self.ageSteps {
            let (lowest, highest) = (age - step, min(age + step, Population.maximumAge))
            slices.add(
                units(self.closeness(years: nearest) - self.closeness(years: step + 1)), rows: state.population.upToAge[highest],
                except: lowest > 0 ? state.population.upToAge[lowest - 1] : nil)
            nearest = step + 1
        }
        return self.closeness(years: nearest)
    }

    private func closeness(years: Int) -> Float {
        let difference = Float(years) / self.ageScale
        return self.ageWeight / (1 + difference * difference)
    }

    /// The person's interests, rarest first, each with its share in all of them by inverse document frequency.
    private func shares(of person: Int, in state: borrowing CandidateState) -> [(interest: Int, weight: Float)] {
        let people = Float(max(1, state.population.aliveCount))
        var weighted: [(interest: Int, weight: Float)] = []
        for interest in state.population.interestsOf[person] {
            let holders = state.population.peopleByInterest[Int(interest)].rows.count
            weighted.append((Int(interest), log1pf(people / Float(holders + 1))))
        }
        let total = weighted.reduce(Float(0)) { $0 + $1.weight }
        weighted.sort { $0.weight > $1.weight }
        return weighted.prefix(self.interests).map { ($0.interest, $0.weight / total) }
    }
}
