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

    /// Models fitted to what a validation part leaves, beside that part.
    typealias Part = (pipeline: FittedPipeline, validation: ValidationSet)

    /// One person's alternatives in one validation part.
    private struct Example: Sendable {
        let row: Int32
        let part: Int
        let candidates: [Int32]
        let group: ConditionalLogit.Group
        /// How many there are to be found, candidates or not.
        let relevant: Int
    }

    /// Fits on all people of the validation parts; the quality comes from fitting on each half of them and ranking for the other.
    static func fit(_ parts: [Part], width: Int, count: Int, threads: Int) -> Result {
        let examples = parts.enumerated().flatMap { number, part in
            Ranker.map(Array(part.validation.rows.indices), threads: threads) { index in
                let (row, relevant) = (part.validation.rows[index], part.validation.relevant[index])
                let (candidates, group) = part.pipeline.group(row: row, relevant: relevant)
                return Example(row: row, part: number, candidates: candidates, group: group, relevant: relevant.count)
            }
        }
        var lists = parts.map { [[Hit]](repeating: [], count: $0.validation.rows.count) }
        for half in [Int32(0), 1] {
            // The same person is in the same half of every part.
            let weights = Self.weights(examples.filter { $0.row % 2 != half }, width: width, threads: threads)
            var next = [Int](repeating: 0, count: parts.count)
            for example in examples {
                if example.row % 2 == half {
                    lists[example.part][next[example.part]] = Self.rank(example.candidates, example.group, weights, count: count)
                }
                next[example.part] += 1
            }
        }
        let qualities = zip(parts, lists).map { $0.validation.quality(of: $1) }
        return Result(
            weights: Self.weights(examples, width: width, threads: threads),
            quality: qualities.reduce(0, +) / Double(max(1, qualities.count)))
    }

    /// The likeliest weights, then moved one after the other as long as the lists become better: likelihood looks at all candidates, a list
    /// at the first few. Starts also from each model alone, so that no blend is worse to its teachers than its best part.
    private static func weights(_ examples: [Example], width: Int, threads: Int) -> [Double] {
        let likeliest = ConditionalLogit.fit(examples.map(\.group), width: width, l2: Self.l2)
        // The last feature is popularity, which no list wants alone.
        let starts = [likeliest] + (0..<max(0, width - 1)).map { model in (0..<width).map { $0 == model ? 1 : 0 } }
        let judged = starts.map { (weights: $0, quality: Self.quality(examples, $0, threads: threads)) }
        guard var best = judged.max(by: { $0.quality < $1.quality }) else { return likeliest }
        for step in [0.5, 0.2, 0.1] {
            for _ in 0..<3 {
                let before = best.quality
                let scale = best.weights.map(abs).max() ?? 1
                for index in 0..<width {
                    for change in [-step, step] {
                        var weights = best.weights
                        weights[index] += change * scale
                        let quality = Self.quality(examples, weights, threads: threads)
                        if quality > best.quality { best = (weights, quality) }
                    }
                }
                if best.quality == before { break }
            }
        }
        return best.weights
    }

    /// Mean of NDCG@10 and NDCG@20.
    private static func quality(_ examples: [Example], _ weights: [Double], threads: Int) -> Double {
        let qualities = Ranker.map(Array(examples.indices), threads: threads) { index in
            let example = examples[index]
            var top = TopK(capacity: 20)
            let features = example.group.features.span
            for candidate in example.candidates.indices {
                var score: Float = 0
                for feature in weights.indices { score += Float(weights[feature]) * features[candidate * weights.count + feature] }
                top.push(row: Int32(truncatingIfNeeded: candidate), score: score)
            }
            let hits = top.sorted().map { example.group.chosen[Int($0.row)] }
            return RankingMetrics.ndcg(hits: hits, relevant: example.relevant, cutoff: 10)
                + RankingMetrics.ndcg(hits: hits, relevant: example.relevant, cutoff: 20)
        }
        return qualities.reduce(0, +) / Double(max(1, 2 * qualities.count))
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
