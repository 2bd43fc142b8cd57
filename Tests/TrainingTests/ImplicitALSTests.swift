import LinearMath
import Testing
import Training

private let matrix = InteractionMatrix(
    rows: 60, columns: 40, entries: groupedInteractions(people: 60, items: 40, groups: 4, perPerson: 6))

private func parameters(_ objective: ALSParameters.Objective, iterations: Int = 10) -> ALSParameters {
    ALSParameters(
        objective: objective, factors: 8, iterations: iterations, alpha: 4, unobservedWeight: 0.5, regularization: 0.05,
        regularizationExponent: 0.5, seed: 3)
}

@Test("Each iteration lowers the loss", arguments: ALSParameters.Objective.allCases)
func lossDecreases(objective: ALSParameters.Objective) {
    let losses = [0, 1, 2, 4, 8, 16].map { ImplicitALS.loss(matrix, ImplicitALS.fit(matrix, parameters(objective, iterations: $0))) }
    for (before, after) in zip(losses, losses.dropFirst()) { #expect(after < before) }
}

@Test("The loss is the sum over every cell", arguments: ALSParameters.Objective.allCases)
func lossDefinition(objective: ALSParameters.Objective) {
    let model = ImplicitALS.fit(matrix, parameters(objective, iterations: 2))
    let p = model.parameters
    var expected = 0.0
    for row in 0..<matrix.rowCount {
        for column in 0..<matrix.columnCount {
            let score = Double(model.score(row: row, column: column))
            let seen = matrix.byRow.contains(row: row, column: Int32(column))
            switch (seen, objective) {
            case (false, _): expected += Double(p.unobservedWeight) * score * score
            case (true, .confidence): expected += Double(p.unobservedWeight + p.alpha) * (1 - score) * (1 - score)
            case (true, .unobservedWeight):
                expected += Double(p.unobservedWeight) * score * score + Double(p.alpha) * (1 - score) * (1 - score)
            }
        }
    }
    for row in 0..<matrix.rowCount {
        let lambda = p.regularization(degree: matrix.byRow.degree(of: row), otherCount: matrix.columnCount)
        expected += Double(lambda) * Double(DotProduct.compute(model.rowVector(row), model.rowVector(row)))
    }
    for column in 0..<matrix.columnCount {
        let lambda = p.regularization(degree: matrix.byColumn.degree(of: column), otherCount: matrix.rowCount)
        expected += Double(lambda) * Double(DotProduct.compute(model.columnVector(column), model.columnVector(column)))
    }
    #expect(abs(ImplicitALS.loss(matrix, model) - expected) < 1e-3 * expected)
}

@Test("Row factors solve the dense normal equations", arguments: ALSParameters.Objective.allCases)
func denseReference(objective: ALSParameters.Objective) {
    let model = ImplicitALS.fit(matrix, parameters(objective))
    let p = model.parameters
    let f = model.dimension
    for row in [0, 7, 31] {
        var normal = [Double](repeating: 0, count: f * f)
        var right = [Double](repeating: 0, count: f)
        for column in 0..<matrix.columnCount {
            let y = model.columnVector(column).map(Double.init)
            let seen = matrix.byRow.contains(row: row, column: Int32(column))
            let weight = Double(p.unobservedWeight) + (seen ? Double(p.alpha) : 0)
            let target = seen ? Double(p.alpha) + (objective == .confidence ? Double(p.unobservedWeight) : 0) : 0
            for i in 0..<f {
                right[i] += target * y[i]
                for j in 0..<f { normal[i * f + j] += weight * y[i] * y[j] }
            }
        }
        let lambda = p.regularization(degree: matrix.byRow.degree(of: row), otherCount: matrix.columnCount)
        for i in 0..<f { normal[i * f + i] += Double(lambda) }
        Cholesky.solve(&normal, &right)
        for (found, expected) in zip(model.rowVector(row), right) { #expect(abs(Double(found) - expected) < 2e-4) }
    }
}

@Test("Runs repeat to the bit, whatever the number of threads")
func reproducible() {
    let large = InteractionMatrix(
        rows: 500, columns: 300, entries: groupedInteractions(people: 500, items: 300, groups: 5, perPerson: 10))
    var p = ALSParameters(factors: 16, iterations: 3)
    p.threads = 1
    let alone = ImplicitALS.fit(large, p)
    p.threads = 3
    for _ in 0..<3 {
        let together = ImplicitALS.fit(large, p)
        #expect(together.rowFactors == alone.rowFactors)
        #expect(together.columnFactors == alone.columnFactors)
    }
    p.seed = 2
    #expect(ImplicitALS.fit(large, p).rowFactors != alone.rowFactors)
}

@Test("A fold-in gives what training gave, on both sides at convergence")
func foldIn() {
    let model = ImplicitALS.fit(matrix, parameters(.unobservedWeight, iterations: 200))
    for row in [0, 5, 59] {
        let folded = model.foldIn(matrix.byRow.columns(of: row).map { ($0, 1) })
        for (a, b) in zip(folded, model.rowVector(row)) { #expect(abs(a - b) < 2e-4) }
    }
    let folded = model.foldIn(column: matrix.byColumn.columns(of: 3).map { ($0, 1) })
    for (a, b) in zip(folded, model.columnVector(3)) { #expect(abs(a - b) < 5e-3) }
    #expect(model.foldIn([]) == [Float](repeating: 0, count: 8))
}

@Test("Rows without entries get zeros, and their own group scores higher")
func structure() {
    let entries = groupedInteractions(people: 60, items: 40, groups: 4, perPerson: 6).filter { $0.row != 9 }
    let model = ImplicitALS.fit(InteractionMatrix(rows: 60, columns: 40, entries: entries), parameters(.unobservedWeight))
    #expect(model.rowVector(9).allSatisfy { $0 == 0 })
    let own = (0..<40).filter { $0 % 4 == 2 }.reduce(Float(0)) { $0 + model.score(row: 2, column: $1) } / 10
    let other = (0..<40).filter { $0 % 4 != 2 }.reduce(Float(0)) { $0 + model.score(row: 2, column: $1) } / 30
    #expect(own > 3 * other)
}

@Test("Progress counts every iteration")
func progress() async {
    await confirmation(expectedCount: 4) { called in
        _ = ImplicitALS.fit(matrix, parameters(.confidence, iterations: 4)) { done, total in
            #expect((1...4).contains(done) && total == 4)
            called()
        }
    }
}
