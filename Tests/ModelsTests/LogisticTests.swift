import Models
import Testing

@Suite struct LogisticTests {
    @Test("Sigmoid and logit undo each other", arguments: [-30, -5, -0.1, 0, 0.7, 12, 30])
    func inverse(x: Double) {
        #expect(abs(Logistic.logit(Logistic.sigmoid(x)) - x) < 1e-9 * max(1, abs(x)) || abs(x) > 20)
        #expect(abs(Logistic.sigmoid(x) + Logistic.sigmoid(-x) - 1) < 1e-15)
    }

    @Test("Sigmoid does not overflow", arguments: [(-1e6, 0), (1e6, 1)] as [(Double, Double)])
    func extremes(x: Double, expected: Double) {
        #expect(Logistic.sigmoid(x) == expected)
    }

    @Test("A logit is the intercept plus the weighted features", arguments: 1...4)
    func logit(width: Int) throws {
        let names = (0..<width).map { "f\($0)" }
        let weights = (1...width).map { Double($0) }
        let model = try LogisticModel(names: names, weights: weights, intercept: 0.5)
        let features = [Float](repeating: 2, count: width)
        let doubled = weights.map { 2 * $0 }
        #expect(model.logit(features.span) == doubled.reduce(0.5, +))
        #expect(model.contributions(features.span) == doubled)
    }

    @Test("Numbers that aren't finite, and lists that don't match, are refused")
    func invalid() {
        #expect(throws: ModelError.self) { try LogisticModel(names: ["a"], weights: [.nan], intercept: 0) }
        #expect(throws: ModelError.self) { try LogisticModel(names: ["a"], weights: [1], intercept: .infinity) }
        #expect(throws: ModelError.self) { try LogisticModel(names: ["a"], weights: [1, 2], intercept: 0) }
        #expect(throws: ModelError.self) { try LogisticModel(names: ["a", "a"], weights: [1, 2], intercept: 0) }
        #expect(throws: ModelError.self) { try PlattCalibration(slope: 0, offset: 0) }
        #expect(throws: ModelError.self) { try Fusion(kind: .product, reciprocalWeight: -1) }
    }

    @Test("The identity calibration leaves probabilities alone")
    func identity() {
        #expect(PlattCalibration.identity.probability(0.3) == Logistic.sigmoid(0.3))
    }
}
