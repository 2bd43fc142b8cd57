import LinearMath
import Testing
import Training

@Test("With one binary feature the optimum is the difference of the log odds")
func closedForm() {
    // 30 of 40 with the feature, 10 of 60 without.
    let features = [Float](repeating: 1, count: 40) + [Float](repeating: 0, count: 60)
    let labels = (0..<40).map { Float($0 < 30 ? 1 : 0) } + (0..<60).map { Float($0 < 10 ? 1 : 0) }
    let fit = LogisticTrainer.fit(features: features, width: 1, labels: labels, l2: 0)
    #expect(fit.converged)
    #expect(abs(fit.intercept - Statistics.logit(10.0 / 60)) < 1e-4)
    #expect(abs(fit.weights[0] - (Statistics.logit(0.75) - Statistics.logit(10.0 / 60))) < 1e-4)
}

@Test("Importance weights count like repeated rows")
func importance() {
    let repeated = LogisticTrainer.fit(
        features: [1, 1, 1, 2, 3, 3, 5], width: 1, labels: [0, 0, 0, 1, 0, 0, 1], l2: 0.1)
    let weighted = LogisticTrainer.fit(
        features: [1, 2, 3, 5], width: 1, labels: [0, 1, 0, 1], weights: [3, 1, 2, 1], l2: 0.1)
    #expect(abs(repeated.weights[0] - weighted.weights[0]) < 1e-5)
    #expect(abs(repeated.intercept - weighted.intercept) < 1e-5)
}

@Test("The gradient vanishes at the solution, for features of very different scales and with a penalty")
func stationary() {
    var generator = SeededGenerator(seed: 4)
    let count = 400
    let scales: [Double] = [1e-3, 1, 1e4, 0]
    var features: [Float] = []
    var labels: [Float] = []
    for _ in 0..<count {
        let x = (0..<4).map { _ in generator.gaussian() }
        for (value, scale) in zip(x, scales) { features.append(Float(value * scale + 3 * scale)) }
        labels.append(generator.uniform() < Statistics.sigmoid(x[0] - 2 * x[1] + 0.5 * x[2]) ? 1 : 0)
    }
    let fit = LogisticTrainer.fit(features: features, width: 4, labels: labels, l2: 0.01)
    #expect(fit.converged)
    #expect(fit.weights[3] == 0)
    for feature in 0..<3 {
        let column = (0..<count).map { Double(features[$0 * 4 + feature]) }
        let deviation = Statistics.standardDeviation(column)
        var gradient = 0.01 * fit.weights[feature] * deviation
        for row in 0..<count {
            let score = fit.intercept + (0..<4).reduce(0.0) { $0 + fit.weights[$1] * Double(features[row * 4 + $1]) }
            let standardized = (column[row] - Statistics.mean(column)) / deviation
            gradient += (Statistics.sigmoid(score) - Double(labels[row])) * standardized / Double(count)
        }
        #expect(abs(gradient) < 1e-5)
    }
    #expect(fit.weights[1] < -1 && fit.weights[1] > -3)
}

@Test("Without rows, or with labels of one class, the fit stays finite")
func degenerate() {
    #expect(LogisticTrainer.fit(features: [], width: 2, labels: []).weights == [0, 0])
    let fit = LogisticTrainer.fit(features: [1, 2, 3], width: 1, labels: [1, 1, 1], l2: 0.1)
    #expect(fit.weights[0].isFinite && fit.intercept > 5)
}

@Test("Platt's calibration undoes a distortion of the log odds")
func platt() {
    var generator = SeededGenerator(seed: 6)
    let truth = (0..<4000).map { _ in generator.gaussian() }
    let labels = truth.map { generator.uniform() < Statistics.sigmoid($0) }
    let calibration = PlattScaling.fit(scores: truth.map { Float(3 * $0 + 2) }, labels: labels)
    #expect(abs(calibration.slope - 1.0 / 3) < 0.04)
    #expect(abs(calibration.offset + 2.0 / 3) < 0.12)
    let probabilities = truth.map { Statistics.sigmoid(calibration.slope * (3 * $0 + 2) + calibration.offset) }
    #expect(ClassificationMetrics.expectedCalibrationError(probabilities: probabilities, labels: labels) < 0.03)
    let separated = PlattScaling.fit(scores: [1, 2, 3, 4], labels: [false, false, true, true])
    #expect(separated.slope.isFinite && Statistics.sigmoid(4 * separated.slope + separated.offset) < 1)
}
