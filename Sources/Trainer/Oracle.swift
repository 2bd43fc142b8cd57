internal import Domain
internal import LinearMath
internal import Simulation
internal import Training

/// Ranks by what is hidden: the best that anybody could do without knowing who is noticed.
struct Oracle: Sendable {
    private let truth: Truth
    private let seen: InteractionMatrix
    /// From the data's indices to the truth's; −1 for somebody whom the truth doesn't know.
    private let hidden: [Int]

    init(truth: Truth, users: [User], seen: InteractionMatrix) {
        self.truth = truth
        self.seen = seen
        self.hidden = users.map { truth.index(of: $0.id) ?? -1 }
    }

    func best(_ count: Int, for person: Int) -> [Hit] {
        let viewer = self.hidden[person]
        guard viewer >= 0 else { return [] }
        var isSeen = Bitmap(count: self.hidden.count, repeating: false)
        for other in self.seen.byRow.columns(of: person) { isSeen[Int(other)] = true }
        var best = TopK(capacity: count)
        for (other, candidate) in self.hidden.enumerated() where candidate >= 0 && !isSeen[other] {
            guard self.truth.people[viewer].isCompatible(with: self.truth.people[candidate]) else { continue }
            best.push(row: Int32(other), score: Float(self.truth.utility(of: candidate, for: viewer)))
        }
        return best.sorted()
    }

    /// The true probability that a person who looks at somebody likes them; `nil` where the truth knows not both, or they don't fit.
    func chance(_ other: Int, for person: Int) -> Double? {
        let (viewer, candidate) = (self.hidden[person], self.hidden[other])
        guard viewer >= 0, candidate >= 0, self.truth.people[viewer].isCompatible(with: self.truth.people[candidate]) else { return nil }
        return Statistics.sigmoid(self.truth.utility(of: candidate, for: viewer))
    }
}
