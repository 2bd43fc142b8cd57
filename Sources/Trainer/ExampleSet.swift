internal import Features
internal import LinearMath
internal import Models

/// Rows that stage 2 learns from.
struct ExampleSet: Sendable {
    var features: [Float] = []
    var labels: [Float] = []
    var weights: [Float] = []

    /// Candidates nobody reacted to that are drawn for each person; the weight makes up for the others.
    static let drawn = 60

    /// Makes examples of the teachers' candidates: 1 if they liked them in the future, 0 if they passed on them or never met.
    ///
    /// Likes of people whom stage 1 didn't find teach nothing: stage 2 will never see their kind, and they would make what stage 1
    /// looks for seem bad.
    static func make(_ bench: Workbench, _ finder: CandidateFinder, _ moment: RequestMoment, _ options: TrainingOptions) async -> ExampleSet {
        let parts = await Parallel.map(bench.teachers.count, threads: options.threads) { range in
            var scratch = CandidateScratch()
            var part = ExampleSet()
            for index in range { part.add(bench.teachers[index], bench, finder, moment, options.seed, &scratch) }
            return [part]
        }
        return parts.reduce(into: ExampleSet()) { all, part in
            all.features += part.features
            all.labels += part.labels
            all.weights += part.weights
        }
    }

    /// How much each feature of a ranker moves its log-odds over these rows: |weight| · standard deviation, as shares of their sum.
    func importance(of ranker: LogisticModel) -> [(name: String, share: Double)] {
        let width = ranker.names.count
        let total = self.weights.reduce(0.0) { $0 + Double($1) }
        guard total > 0 else { return [] }
        var means = [Double](repeating: 0, count: width)
        var squares = means
        for row in self.weights.indices {
            let weight = Double(self.weights[row]) / total
            for index in 0..<width {
                let value = Double(self.features[row * width + index])
                means[index] += weight * value
                squares[index] += weight * value * value
            }
        }
        let moves = (0..<width).map { abs(ranker.weights[$0]) * max(0, squares[$0] - means[$0] * means[$0]).squareRoot() }
        let sum = moves.reduce(0, +)
        return sum > 0 ? zip(ranker.names, moves).map { ($0, $1 / sum) } : []
    }

    private mutating func add(
        _ person: Int, _ bench: Workbench, _ finder: CandidateFinder, _ moment: RequestMoment, _ seed: UInt64,
        _ scratch: inout CandidateScratch
    ) {
        let pairs = PairFeatures(viewer: person, in: finder.batch, moment: moment)
        let likes = Set(bench.futureLikes[person].map(Int.init))
        let candidates = finder.candidates(for: person, &scratch)
        for other in candidates where likes.contains(other) { self.append(pairs, other, label: 1, weight: 1) }
        let others = candidates.filter { !likes.contains($0) }
        var generator = SeededGenerator(seed: seed, stream: UInt64(person) | 1 << 40)
        let drawn = others.shuffled(using: &generator).prefix(Self.drawn)
        let weight = Float(others.count) / Float(max(1, drawn.count))
        for other in drawn { self.append(pairs, other, label: 0, weight: weight) }
    }

    private mutating func append(_ pairs: PairFeatures, _ candidate: Int, label: Float, weight: Float) {
        self.features += pairs.vector(candidate)
        self.labels.append(label)
        self.weights.append(weight)
    }
}
