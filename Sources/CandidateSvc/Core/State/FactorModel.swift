internal import Domain
internal import LinearMath
internal import Models
internal import VectorIndex

/// The factors of one model version, by row of the population.
struct FactorModel: Sendable {
    let version: String
    let dimension: Int
    /// Candidates a source, as the model was tuned; empty where it leaves that to the settings.
    let quotas: [CandidateSource: Int]
    /// What others think of a person, searched by inner product.
    let targets: VectorIndex
    /// The same at unit length, searched for people who are alike.
    let directions: VectorIndex

    private let capacity: Int
    private var sources: [Float]

    /// - Parameter capacity: Rows that may get factors.
    init(model: PipelineModel, capacity: Int) {
        self.version = model.version
        self.dimension = model.dimension
        self.quotas = model.retrieval.quotas
        self.capacity = capacity
        // An index has a dimension even where nobody has factors.
        self.targets = VectorIndex(dimension: max(1, model.dimension), capacity: capacity)
        self.directions = VectorIndex(dimension: max(1, model.dimension), capacity: capacity)
        self.sources = [Float](repeating: 0, count: capacity * model.dimension)
    }

    /// People with factors.
    var count: Int { self.targets.liveCount }

    /// Gives a row its factors. Those of another length or of a row beyond the capacity are left out.
    mutating func set(row: Int, source: [Float], target: [Float]) {
        guard row < self.capacity, source.count == self.dimension, target.count == self.dimension else { return }
        let norm = DotProduct.compute(target, target).squareRoot()
        guard norm.isFinite, norm > 0, source.allSatisfy(\.isFinite) else { return }
        self.targets.set(row: row, vector: target)
        self.directions.set(row: row, vector: target.map { $0 / norm })
        self.sources.replaceSubrange((row * self.dimension)..<((row + 1) * self.dimension), with: source)
    }

    /// Forgets a person's factors.
    mutating func remove(row: Int) {
        guard row < self.capacity else { return }
        self.targets.remove(row: row)
        self.directions.remove(row: row)
        for index in (row * self.dimension)..<((row + 1) * self.dimension) { self.sources[index] = 0 }
    }

    /// Factors of whom a person likes; `nil` without any.
    func source(of row: Int) -> [Float]? {
        guard row < self.capacity else { return nil }
        let vector = self.sources[(row * self.dimension)..<((row + 1) * self.dimension)]
        return vector.contains { $0 != 0 } ? Array(vector) : nil
    }
}
