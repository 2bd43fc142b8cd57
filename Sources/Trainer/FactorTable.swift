internal import Domain
internal import Models
internal import Synchronization
internal import Training

/// Factors of all people: whom they like, and who likes them.
struct FactorTable: Sendable {
    let dimension: Int
    /// Row-major; zeros for whoever liked nobody.
    let source: [Float]
    /// Row-major; zeros for whomever nobody liked.
    let target: [Float]
    let sourceGram: [Float]
    let targetGram: [Float]
    let parameters: Retrieval.Factorization

    init(_ likes: InteractionMatrix, _ parameters: Retrieval.Factorization, threads: Int, progress: (@Sendable (Int, Int) -> Void)? = nil) {
        let model = ImplicitALS.fit(
            likes,
            ALSParameters(
                objective: .unobservedWeight, factors: parameters.factors, iterations: parameters.iterations,
                alpha: Float(parameters.alpha), unobservedWeight: Float(parameters.unobservedWeight),
                regularization: Float(parameters.regularization), regularizationExponent: Float(parameters.regularizationExponent),
                seed: parameters.seed, threads: threads),
            progress: progress)
        self.dimension = model.dimension
        self.source = model.rowFactors
        self.target = model.columnFactors
        self.sourceGram = model.rowGram
        self.targetGram = model.columnGram
        self.parameters = parameters
    }

    /// Reads the stored factors of a model.
    init(_ embeddings: any EmbeddingRepository, model: PipelineModel, dataset: Dataset) async throws {
        let dimension = model.dimension
        let table = Mutex(
            (
                source: [Float](repeating: 0, count: dataset.users.count * dimension),
                target: [Float](repeating: 0, count: dataset.users.count * dimension)
            ))
        try await embeddings.forEach(version: model.embeddingVersion) { chunk in
            table.withLock { table in
                for embedding in chunk where embedding.source.count == dimension && embedding.target.count == dimension {
                    guard let person = dataset.index(of: embedding.userID) else { continue }
                    let cells = person * dimension..<(person + 1) * dimension
                    table.source.replaceSubrange(cells, with: embedding.source)
                    table.target.replaceSubrange(cells, with: embedding.target)
                }
            }
        }
        (self.source, self.target) = table.withLock { $0 }
        self.dimension = dimension
        self.sourceGram = model.sourceGram
        self.targetGram = model.targetGram
        self.parameters = model.retrieval.factorization
    }

    func sourceVector(_ person: Int) -> [Float] { Array(self.source[person * self.dimension..<(person + 1) * self.dimension]) }
    func targetVector(_ person: Int) -> [Float] { Array(self.target[person * self.dimension..<(person + 1) * self.dimension]) }

    /// `nil` for somebody who neither liked nor was liked.
    func embedding(_ person: Int, _ id: UserID) -> Embedding? {
        let embedding = Embedding(userID: id, source: self.sourceVector(person), target: self.targetVector(person))
        return embedding.source.contains { $0 != 0 } || embedding.target.contains { $0 != 0 } ? embedding : nil
    }
}
