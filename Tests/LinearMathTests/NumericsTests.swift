import LinearMath
import Testing

@Test("Equal seeds repeat, streams differ, and the moments are those of the distribution")
func generator() {
    var first = SeededGenerator(seed: 7)
    var second = SeededGenerator(seed: 7)
    var other = SeededGenerator(seed: 7, stream: 1)
    #expect((0..<100).allSatisfy { _ in first.next() == second.next() })
    #expect(first.next() != other.next())
    let normal = (0..<20_000).map { _ in first.gaussian() }
    #expect(abs(Statistics.mean(normal)) < 0.03)
    #expect(abs(Statistics.standardDeviation(normal) - 1) < 0.03)
    let uniform = (0..<20_000).map { _ in first.uniform() }
    #expect(uniform.allSatisfy { (0..<1).contains($0) })
    #expect(abs(Statistics.mean(uniform) - 0.5) < 0.01)
}

@Test("xoshiro256** starts with the reference sequence for its splitmix64 seed")
func referenceSequence() {
    // Reference C code of the authors, seeded with splitmix64(0).
    var generator = SeededGenerator(seed: 0)
    #expect((0..<3).map { _ in generator.next() } == [0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0])
}

@Test("Quantiles, Gini and the logistic function at known points")
func statistics() {
    #expect(Statistics.quantile(ofSorted: [], at: 0.5) == nil)
    #expect(Statistics.quantile(ofSorted: [1, 2, 3, 10], at: 0.5) == 2.5)
    #expect(Statistics.gini([1, 1, 1, 1]) == 0)
    #expect(Statistics.gini([0, 0, 0, 1]) == 0.75)
    #expect(Statistics.sigmoid(0) == 0.5)
    #expect(Statistics.sigmoid(-1000) == 0)
    #expect(Statistics.sigmoid(1000) == 1)
    #expect(abs(Statistics.sigmoid(Statistics.logit(0.3)) - 0.3) < 1e-12)
    #expect(abs(Statistics.softplus(-800)) < 1e-12)
    #expect(Statistics.softplus(800) == 800)
}

@Test("Cholesky solves a system with a known solution")
func cholesky() {
    var matrix: [Double] = [4, 0, 0, 2, 5, 0, 1, 3, 6]  // The lower triangle is enough.
    let solution = [1.0, -2, 3]
    var right = [3.0, 1, 13]
    Cholesky.solve(&matrix, &right)
    for index in 0..<3 { #expect(abs(right[index] - solution[index]) < 1e-12) }
}

@Test("A fold-in satisfies its normal equations")
func foldIn() {
    var generator = SeededGenerator(seed: 2)
    let dimension = 6
    let factors = (0..<20 * dimension).map { _ in Float(generator.gaussian()) }
    let gram = FoldInSolver.gram(of: factors, dimension: dimension)
    let solver = FoldInSolver(gram: gram, dimension: dimension, unobservedWeight: 0.3)
    let observations = [3, 7, 11].map { FoldInSolver.Observation(row: $0, weight: 2, target: 3) }
    let x = solver.solve(observations, factors: factors, regularization: 0.5)
    for i in 0..<dimension {
        var residual = 0.5 * Double(x[i])
        for j in 0..<dimension { residual += 0.3 * Double(gram[i * dimension + j]) * Double(x[j]) }
        for observation in observations {
            let product = DotProduct.compute(x, row: observation.row, of: factors)
            residual += Double(factors[observation.row * dimension + i]) * Double(2 * product - 3)
        }
        #expect(abs(residual) < 1e-3)
    }
    #expect(solver.solve([], factors: factors, regularization: 0.5) == [Float](repeating: 0, count: dimension))
}

@Test("A read-write lock loses no increment")
func readWriteLock() async {
    let counter = ReadWriteLock(0)
    await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
            group.addTask {
                for _ in 0..<1000 {
                    counter.withWriteLock { $0 += 1 }
                    _ = counter.withReadLock { $0 }
                }
            }
        }
    }
    #expect(counter.withReadLock { $0 } == 8000)
}
