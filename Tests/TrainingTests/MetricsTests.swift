import LinearMath
import Testing
import Training

@Test("Ranking metrics of a list worked out by hand")
func byHand() {
    var metrics = RankingMetrics(cutoff: 5)
    // Hits at ranks 1 and 3 of four relevant ones.
    metrics.add(ranked: ["a", "x", "b", "y", "z", "c"], relevant: ["a", "b", "c", "d"])
    #expect(abs(metrics.precision - 0.4) < 1e-12)
    #expect(abs(metrics.recall - 0.5) < 1e-12)
    #expect(abs(metrics.meanAveragePrecision - (1 + 2.0 / 3) / 4) < 1e-12)
    let ideal = 1 + 0.6309297535714575 + 0.5 + 0.43067655807339306
    #expect(abs(metrics.ndcg - 1.5 / ideal) < 1e-12)
    metrics.add(ranked: ["x"], relevant: ["a"])
    metrics.add(ranked: ["x"], relevant: [])
    #expect(metrics.users == 2)
    #expect(abs(metrics.ndcg - 0.75 / ideal) < 1e-12)
    #expect(metrics.hitRate == 0.5)
    #expect(abs(metrics.ndcgStandardError - 0.75 / ideal / 2.0.squareRoot()) < 1e-12)
}

@Test("The area under the curve, with ties")
func areaUnderCurve() {
    #expect(ClassificationMetrics.areaUnderCurve(scores: [0.1, 0.4, 0.35, 0.8], labels: [false, false, true, true]) == 0.75)
    #expect(ClassificationMetrics.areaUnderCurve(scores: [1, 1, 1], labels: [true, false, false]) == 0.5)
    #expect(ClassificationMetrics.areaUnderCurve(scores: [1, 2], labels: [true, true]) == nil)
}

@Test("Calibration error and log-loss of known probabilities")
func calibration() {
    let error = ClassificationMetrics.expectedCalibrationError(probabilities: [0.9, 0.9, 0.1, 1], labels: [true, false, false, true])
    // The bin from 0.9 predicts 2.8 of 2, the one from 0.1 predicts 0.1 of 0.
    #expect(abs(error - (0.8 + 0.1) / 4) < 1e-12)
    #expect(abs(ClassificationMetrics.logLoss(probabilities: [0.5, 0.5], labels: [true, false]) - 0.6931471805599453) < 1e-12)
}

@Test("Coverage and Gini count those who are never shown")
func catalogue() {
    var metrics = CatalogueMetrics(catalogueSize: 4)
    metrics.add(ranked: [1, 2])
    metrics.add(ranked: [1])
    #expect(metrics.coverage == 0.5)
    #expect(abs(metrics.gini - Statistics.gini([2, 1, 0, 0])) < 1e-12)
}

@Test("Random hold-outs take a share of each row and keep single entries")
func randomHoldOut() {
    var generator = SeededGenerator(seed: 1)
    let rows: [Int32] = Array(repeating: 0, count: 10) + [1] + Array(repeating: 2, count: 3)
    let held = HoldOut.random(rows: rows, share: 0.2, using: &generator)
    #expect(held[..<10].count { $0 } == 2)
    #expect(!held[10])
    #expect(held[11...].count { $0 } == 1)
}

@Test("Temporal hold-outs take the latest")
func temporalHoldOut() {
    let held = HoldOut.temporal(rows: [0, 0, 0, 0, 0, 1, 1], times: [5, 1, 9, 3, 2, 7, 7], share: 0.4)
    #expect(held == [true, false, true, false, false, false, true])
}

@Test("Pair hold-outs treat both directions alike")
func pairHoldOut() {
    var generator = SeededGenerator(seed: 1)
    let pairs = (0..<1000).map { (Int32($0 % 37), Int32($0 % 41 + 50)) }
    let held = HoldOut.pairs(
        rows: pairs.map(\.0) + pairs.map(\.1), columns: pairs.map(\.1) + pairs.map(\.0), share: 0.2, using: &generator)
    #expect(Array(held[..<1000]) == Array(held[1000...]))
    #expect((120...280).contains(held[..<1000].count { $0 }))
}

@Test("A paired comparison worked out by hand")
func pairedComparison() {
    let comparison = PairedComparison([0.5, 0.7, 0.9, 0.5], over: [0.4, 0.5, 0.6, 0.5])
    #expect(comparison.count == 4)
    #expect(abs(comparison.meanDifference - 0.15) < 1e-12)
    // Deviations −.05, .05, .15, −.15: variance .05 / 3, of the mean .05 / 12.
    #expect(abs(comparison.standardError - (0.05 / 12).squareRoot()) < 1e-12)
    #expect(abs(comparison.tStatistic - 0.15 / (0.05 / 12).squareRoot()) < 1e-9)
    #expect(comparison.interval.contains(0.15))
    #expect(PairedComparison([1, 1], over: [1, 1]).tStatistic == 0)
    #expect(PairedComparison([2, 2], over: [1, 1]).tStatistic == .infinity)
    #expect(PairedComparison([], over: []).meanDifference == 0)
}

@Test("Novelty, diversity and serendipity of lists worked out by hand")
func listMetrics() {
    // Columns 0 and 1 are liked by all four, 2 and 3 by the same one of them, 4 by another.
    let entries =
        (0..<4).flatMap { row in [0, 1].map { (row: Int32(row), column: Int32($0), weight: Float(1)) } }
        + [(0, 2), (0, 3), (1, 4)].map { (row: Int32($0.0), column: Int32($0.1), weight: Float(1)) }
    let matrix = InteractionMatrix(rows: 4, columns: 5, entries: entries)
    var metrics = ListMetrics(matrix, cutoff: 2)
    metrics.add(ranked: [2, 3, 0], relevant: [3, 0])
    #expect(metrics.novelty == 2, "One in four is two bits.")
    #expect(metrics.diversity == 0, "The same person likes both.")
    #expect(metrics.serendipity == 0.5)
    metrics.add(ranked: [0, 4], relevant: [0])
    #expect(metrics.novelty == 1.5)
    #expect(abs(metrics.diversity - (1 - 0.5) / 2) < 1e-12, "One shared of four and one.")
    #expect(metrics.serendipity == 0.25, "The popular one is no surprise.")
}

@Test("The Lorenz curve counts those who are never shown")
func lorenzCurve() {
    var metrics = CatalogueMetrics(catalogueSize: 4)
    metrics.add(ranked: [1, 2])
    metrics.add(ranked: [1])
    metrics.add(ranked: [1])
    let curve = metrics.lorenzCurve
    #expect(curve.count == 101)
    #expect([0, 25, 50, 75, 100].map { curve[$0] } == [0, 0, 0, 0.25, 1])
    #expect(CatalogueMetrics(catalogueSize: 4).lorenzCurve.isEmpty)
}
