internal import LinearMath

/// Learns how to blend models, on what was held out from them.
enum BlendTrainer {
    struct Result: Sendable {
        /// One weight for each feature of a candidate.
        let weights: [Double]
        /// Quality on people whose choices the weights had not seen.
        let quality: Double
    }

    private static let l2 = 1e-3

    /// Fits on all people of the validation part; the quality comes from fitting on each half and ranking for the other.
    static func fit(_ pipeline: FittedPipeline, _ validation: ValidationSet, count: Int, threads: Int) -> Result {
        let groups = Ranker.map(Array(validation.rows.indices), threads: threads) { index in
            pipeline.group(row: validation.rows[index], relevant: validation.relevant[index])
        }
        var lists = [[Hit]](repeating: [], count: groups.count)
        for half in 0..<2 {
            let weights = ConditionalLogit.fit(
                groups.indices.filter { $0 % 2 != half }.map { groups[$0].group }, width: pipeline.width, l2: Self.l2)
            for index in groups.indices where index % 2 == half {
                lists[index] = Self.rank(groups[index].candidates, groups[index].group, weights, count: count)
            }
        }
        return Result(
            weights: ConditionalLogit.fit(groups.map(\.group), width: pipeline.width, l2: Self.l2),
            quality: validation.quality(of: lists))
    }

    private static func rank(_ candidates: [Int32], _ group: ConditionalLogit.Group, _ weights: [Double], count: Int) -> [Hit] {
        var top = TopK(capacity: count)
        for (index, column) in candidates.enumerated() {
            var score = 0.0
            for (feature, weight) in weights.enumerated() { score += weight * Double(group.features[index * weights.count + feature]) }
            top.push(row: column, score: Float(score))
        }
        return top.sorted()
    }
}
