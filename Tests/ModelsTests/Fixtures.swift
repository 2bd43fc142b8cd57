import Domain
import Features
import Models

let now = Timestamp(seconds: 1_767_225_600)

func makeRanker() throws -> LogisticModel {
    let weights = PairSchema.schema.names.indices.map { 0.37 * Double(($0 * 7) % 11) - 1.6 }
    return try LogisticModel(names: PairSchema.schema.names, weights: weights, intercept: -0.4)
}

func makeModel(reciprocalWeight: Double = 0.3, kind: Fusion.Kind = .product, dimension: Int = 2) throws -> PipelineModel {
    PipelineModel(
        version: "v20260101.000000", createdAt: now, embeddingVersion: "v20260101.000000", dimension: dimension, ranker: try makeRanker(),
        calibration: try PlattCalibration(slope: 0.8, offset: 0.1), fusion: try Fusion(kind: kind, reciprocalWeight: reciprocalWeight),
        retrieval: Retrieval(
            factorization: .init(
                factors: dimension, iterations: 12, alpha: 1, regularization: 0.005, regularizationExponent: 1, unobservedWeight: 0.01, seed: 7),
            quotas: [.collaborative: 150, .nearby: 20]),
        sourceGram: [Float](repeating: 0.5, count: dimension * dimension), targetGram: [Float](repeating: 0.25, count: dimension * dimension),
        metrics: ["auc": 0.71, "ndcg@10": 0.08])
}

/// People of all sorts: known and unknown, with factors and without.
func makeBatch(_ count: Int, dimension: Int = 2) -> PersonBatch {
    let people = (0..<count).map { index -> PersonFeatures in
        var user = User(id: UserID(Int64(index) + 1), name: "Somebody", createdAt: now)
        if index % 7 != 6 {
            user.age = 18 + index * 13 % 50
            user.gender = Gender.allCases[index % 3]
            user.location = "Place \(index % 4)"
            user.coordinate = Coordinate(latitude: Double(index % 60), longitude: Double(index % 170))
            user.interests = (0...(index % 5)).map { "interest \($0 * (index % 3))" }
            user.bio = "Sailing words \(index % 9) and chess \(index % 4)"
        }
        var counters = BehaviourCounters()
        for other in 0..<(index % 6) {
            counters.apply(
                sent: other % 2 == 0 ? .like : .dislike, to: .init(age: 20 + other, gender: .female), at: Timestamp(seconds: Int64(other)))
            counters.apply(received: .like, from: .init(age: 30 + other, gender: .male))
        }
        let vector = (0..<dimension).map { Float(($0 + index) % 5) - 1.5 }
        let embedding = index % 5 == 4 ? nil : Embedding(userID: user.id, source: vector, target: vector.reversed())
        return PersonFeatures.make(profile: user, behaviour: counters, embedding: embedding)
    }
    return PersonBatch(people, dimension: dimension)
}
