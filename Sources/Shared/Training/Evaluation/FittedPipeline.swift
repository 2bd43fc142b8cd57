internal import Glibc
internal import LinearMath

/// Fitted models on one matrix, and the weights that blend their scores.
struct FittedPipeline: Sendable {
    /// Each model proposes so many columns for blending.
    static let candidatesPerModel = 100

    let matrix: InteractionMatrix
    let sameIDs: Bool
    let models: [FittedModel]
    private let logPopularity: [Float]

    init(matrix: InteractionMatrix, sameIDs: Bool, models: [FittedModel]) {
        self.matrix = matrix
        self.sameIDs = sameIDs
        self.models = models
        self.logPopularity = (0..<matrix.columnCount).map { log1pf(Float(matrix.byColumn.degree(of: $0))) }
    }

    /// The number of features of a candidate: each model's score, and popularity.
    var width: Int { self.models.count + 1 }

    /// What the models say about one row.
    struct RowScores {
        /// All columns' scores by each model, then their log popularity; standardised over the candidates.
        let features: [[Float]]
        /// The union of what the models propose, ascending.
        let candidates: [Int32]

        /// The blended scores of all columns.
        func blended(_ weights: [Double]) -> [Float] {
            var result = [Float](repeating: 0, count: self.features[0].count)
            for (values, weight) in zip(self.features, weights) {
                for index in result.indices { result[index] += Float(weight) * values[index] }
            }
            return result
        }
    }

    func scores(row: Int32) -> RowScores {
        var features: [[Float]] = []
        var candidates = Set<Int32>()
        for model in self.models {
            var scores = [Float](repeating: 0, count: self.matrix.columnCount)
            model.score(row: Int(row), of: self.matrix, into: &scores)
            features.append(scores)
            Ranker.exclude(row: row, matrix: self.matrix, sameIDs: self.sameIDs, &scores)
            candidates.formUnion(Ranker.top(scores, count: Self.candidatesPerModel).map(\.row))
        }
        features.append(self.logPopularity)
        let order = candidates.sorted()
        for index in features.indices { Self.standardize(&features[index], over: order) }
        return RowScores(features: features, candidates: order)
    }

    /// The alternatives of a row with those that were held out marked, to learn the weights from.
    func group(row: Int32, relevant: Set<Int32>) -> (candidates: [Int32], group: ConditionalLogit.Group) {
        let scores = self.scores(row: row)
        let features = scores.candidates.flatMap { column in scores.features.map { $0[Int(column)] } }
        return (
            scores.candidates, ConditionalLogit.Group(features: features, chosen: scores.candidates.map(relevant.contains))
        )
    }

    /// The best candidates of a row by the blended score.
    func rank(row: Int32, weights: [Double], count: Int) -> [Hit] {
        let scores = self.scores(row: row)
        let blended = scores.blended(weights)
        var top = TopK(capacity: count)
        for column in scores.candidates { top.push(row: column, score: blended[Int(column)]) }
        return top.sorted()
    }

    private static func standardize(_ values: inout [Float], over candidates: [Int32]) {
        let count = Float(max(candidates.count, 1))
        let mean = candidates.reduce(Float(0)) { $0 + values[Int($1)] } / count
        let variance = candidates.reduce(Float(0)) { $0 + (values[Int($1)] - mean) * (values[Int($1)] - mean) } / count
        let factor = variance > 1e-20 ? 1 / variance.squareRoot() : 0
        for index in values.indices { values[index] = (values[index] - mean) * factor }
    }
}
