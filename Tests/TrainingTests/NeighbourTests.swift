import Testing
import Training

/// Columns 0 and 1 share two rows, 0 and 2 one, 2 and 3 one.
private let matrix = InteractionMatrix(
    rows: 4, columns: 5, entries: [(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1), (2, 0, 1), (2, 2, 1), (3, 2, 1), (3, 3, 1)])

private func similarities(_ graph: NeighbourGraph, of row: Int) -> [Int32: Float] {
    Dictionary(uniqueKeysWithValues: graph.neighbours.range(of: row).map { (graph.neighbours.indices[$0], graph.neighbours.weights[$0]) })
}

@Test("Similarities are shrunk cosines")
func cosine() {
    let plain = ItemKNN.fit(matrix, NeighbourParameters(neighbours: 10, shrinkage: 0))
    #expect(abs((similarities(plain.graph, of: 0)[1] ?? 0) - 2 / Float(6).squareRoot()) < 1e-6)
    #expect(abs((similarities(plain.graph, of: 0)[2] ?? 0) - 1 / Float(6).squareRoot()) < 1e-6)
    #expect(similarities(plain.graph, of: 0)[0] == nil)
    #expect(similarities(plain.graph, of: 4).isEmpty)
    let shrunk = ItemKNN.fit(matrix, NeighbourParameters(neighbours: 10, shrinkage: 5))
    #expect(abs((similarities(shrunk.graph, of: 0)[1] ?? 0) - 2 / (Float(6).squareRoot() + 5)) < 1e-6)
}

@Test("Only the best neighbours are kept")
func truncation() {
    let one = ItemKNN.fit(matrix, NeighbourParameters(neighbours: 1, shrinkage: 0))
    #expect(Array(similarities(one.graph, of: 0).keys) == [1])
}

@Test("Item neighbours score what is similar to what a row has; user neighbours what similar rows have")
func scores() {
    var scores = [Float](repeating: 0, count: 5)
    ItemKNN.fit(matrix, NeighbourParameters(neighbours: 10, shrinkage: 0)).addScores(columns: [1], weights: [2], into: &scores)
    #expect(abs(scores[0] - 4 / Float(6).squareRoot()) < 1e-6)
    #expect(scores[3] == 0)
    scores = [Float](repeating: 0, count: 5)
    UserKNN.fit(matrix, NeighbourParameters(neighbours: 10, shrinkage: 0)).addScores(row: 3, into: &scores)
    // Row 3 shares column 2 with row 2 only.
    for (score, expected) in zip(scores, [0.5, 0, 0.5, 0, 0] as [Float]) { #expect(abs(score - expected) < 1e-6) }
}

@Test("What everyone has counts less with a shared exponent")
func sharedExponent() {
    let damped = ItemKNN.fit(
        matrix, NeighbourParameters(neighbours: 10, shrinkage: 0, sourceExponent: 0, targetExponent: 0, sharedExponent: 1))
    // Two shared rows of degree 2 each.
    #expect(similarities(damped.graph, of: 0)[1] == 1)
}

@Test("Threads don't change the neighbours")
func threads() {
    let large = InteractionMatrix(
        rows: 300, columns: 200, entries: groupedInteractions(people: 300, items: 200, groups: 4, perPerson: 8))
    let one = UserKNN.fit(large, NeighbourParameters(), threads: 1)
    let three = UserKNN.fit(large, NeighbourParameters(), threads: 3)
    #expect(one.graph.neighbours.weights == three.graph.neighbours.weights)
    #expect(one.graph.neighbours.indices == three.graph.neighbours.indices)
}

@Test("Popularity sums the weights of a column")
func popularity() {
    #expect(Popularity.fit(matrix).scores == [3, 2, 2, 1, 0])
}

@Test("EASE has a zero diagonal and minimises its objective")
func ease() throws {
    let matrix = InteractionMatrix(rows: 50, columns: 12, entries: groupedInteractions(people: 50, items: 12, groups: 3, perPerson: 3))
    let lambda: Float = 2
    let model = try #require(EASE.fit(matrix, regularization: lambda))
    func error(of row: Int, _ column: Int, _ weights: [Float]) -> Float {
        let seen: Float = matrix.byRow.contains(row: row, column: Int32(column)) ? 1 : 0
        return seen - matrix.byRow.columns(of: row).reduce(Float(0)) { $0 + weights[Int($1) * 12 + column] }
    }
    for i in 0..<12 {
        #expect(model.weights[i * 12 + i] == 0)
        for j in 0..<12 where i != j {
            // The gradient of every free weight vanishes: Σ_rows x_i·(error of j) = λ·B[i, j].
            let gradient = matrix.byColumn.columns(of: i).reduce(Float(0)) { $0 + error(of: Int($1), j, model.weights) }
            #expect(abs(gradient - lambda * model.weights[i * 12 + j]) < 1e-3)
        }
    }
    #expect(EASE.fit(matrix, regularization: 0) == nil)
}
