import Features
import Models
import Testing

@Suite struct ScorerTests {
    static let moment = RequestMoment(now)

    @Test("Intercept and contributions add up to the logit of the score", arguments: [0, 0.3, 1])
    func explanation(weight: Double) throws {
        let scorer = try Scorer(model: makeModel(reciprocalWeight: weight))
        let batch = makeBatch(40)
        let scores = scorer.score(viewer: 0, candidates: 1..<40, in: batch, moment: Self.moment)
        let explanations = scorer.explain(viewer: 0, candidates: Array(1..<40), in: batch, moment: Self.moment)
        #expect(explanations.count == scores.count)
        for (explanation, score) in zip(explanations, scores) {
            let sum = explanation.contributions.reduce(explanation.intercept, +)
            #expect(abs(sum - Logistic.logit(score.score)) < 1e-9)
            #expect(abs(sum - score.logit) < 1e-9)
            #expect(explanation.score == score)
            #expect(explanation.contributions.count == scorer.termNames.count)
        }
        #expect(scorer.termNames.last == Scorer.reciprocalTerm)
        #expect(Set(scores.map(\.logit)).count > 20)
    }

    @Test("The reciprocal term is the other direction's log-odds times its weight")
    func reciprocal() throws {
        let scorer = try Scorer(model: makeModel(reciprocalWeight: 0.5))
        let batch = makeBatch(10)
        let there = scorer.logits(viewer: 2, candidates: [5], in: batch, moment: Self.moment)
        let back = scorer.logits(viewer: 5, candidates: [2], in: batch, moment: Self.moment)
        #expect(there.map(\.forward) == back.map(\.reverse))
        #expect(there.map(\.reverse) == back.map(\.forward))
        let term = scorer.explain(viewer: 2, candidates: [5], in: batch, moment: Self.moment).first?.contributions.last
        #expect(term == there.first.map { 0.5 * $0.reverse })
    }

    @Test("The match score fuses the calibrated probabilities of both directions", arguments: Fusion.Kind.allCases)
    func matchScore(kind: Fusion.Kind) throws {
        let model = try makeModel(kind: kind)
        let scorer = try Scorer(model: model)
        let batch = makeBatch(10)
        for candidate in 1..<10 {
            let logits = try #require(scorer.logits(viewer: 0, candidates: [candidate], in: batch, moment: Self.moment).first)
            let score = try #require(scorer.score(viewer: 0, candidates: [candidate], in: batch, moment: Self.moment).first)
            let p = Logistic.sigmoid(0.8 * logits.forward + 0.1)
            let q = Logistic.sigmoid(0.8 * logits.reverse + 0.1)
            let expected =
                switch kind {
                case .product: p * q
                case .harmonic: 2 * p * q / (p + q)
                case .oneWay: p
                }
            #expect(abs(score.matchScore - expected) < 1e-12)
            #expect((0...1).contains(score.matchScore))
        }
    }

    @Test("A model of another schema is refused with both versions named")
    func otherSchema() throws {
        var model = try makeModel()
        model.pairSchemaVersion = 99
        #expect {
            try Scorer(model: model)
        } throws: { error in
            (error as? ModelError)?.code == .incompatibleSchema && "\(error)".contains("99")
        }
    }

    @Test("500 candidates are scored in both directions well within the budget of a request")
    func speed() throws {
        let scorer = try Scorer(model: makeModel(dimension: 16))
        let batch = makeBatch(501, dimension: 16)
        let clock = ContinuousClock()
        var best = Duration.seconds(1)
        for _ in 0..<50 {
            best = min(
                best,
                clock.measure {
                    let scores = scorer.score(viewer: 0, candidates: 1...500, in: batch, moment: Self.moment)
                    #expect(scores.count == 500)
                })
        }
        print("Scoring 500 candidates both ways:", best)
        #expect(best < .milliseconds(5))
    }
}
