internal import CKernels

/// A fitted model that scores all columns for a row.
enum FittedModel: Sendable {
    case ials(Factorization)
    case ease(EASE)
    case itemKNN(ItemKNN)
    case userKNN(UserKNN)
    case popularity(Popularity)

    /// Overwrites `scores` with those of every column for a row of the matrix that the model was fitted on.
    func score(row: Int, of matrix: InteractionMatrix, into scores: inout [Float]) {
        let range = matrix.byRow.range(of: row)
        if case .popularity(let model) = self {
            scores = model.scores
            return
        }
        for index in scores.indices { scores[index] = 0 }
        switch self {
        case .ials(let model):
            let query = model.rowVector(row)
            unsafe model.columnFactors.withUnsafeBufferPointer { factors in
                guard let base = factors.baseAddress else { return }
                for column in scores.indices {
                    unsafe scores[column] = duet_dot(base + column * model.dimension, query, model.dimension)
                }
            }
        case .ease(let model):
            model.addScores(columns: matrix.byRow.indices[range], weights: matrix.byRow.weights[range], into: &scores)
        case .itemKNN(let model):
            model.addScores(columns: matrix.byRow.indices[range], weights: matrix.byRow.weights[range], into: &scores)
        case .userKNN(let model): model.addScores(row: row, into: &scores)
        case .popularity: break
        }
    }
}
