internal import Domain
internal import Features
internal import LinearMath
internal import Models
internal import Training

/// What the judges' candidates score under a ranker, so that fusions can be compared without computing anything again.
struct Validation: Sendable {
    /// One judge: candidates with both log-odds, and the answers.
    struct Case: Sendable {
        var candidates: [Int32]
        var logits: [Scorer.Logits]
        var likes: Set<Int32>
        /// Log-odds of those whom the judge reacted to, whether stage 1 found them or not.
        var reactions: [(logit: Double, liked: Bool)]
        /// The best 20 without stage 2, and by popularity alone.
        var stage1: [Int32]
        var popularity: [Int32]
    }

    /// Quality of lists: NDCG@10 and recall@20.
    typealias Quality = (ndcg: RankingMetrics, recall: RankingMetrics)

    let cases: [Case]

    init(_ bench: Workbench, _ finder: CandidateFinder, _ scorer: Scorer, _ moment: RequestMoment, threads: Int) async {
        self.cases = await Parallel.map(bench.judges.count, threads: threads) { range in
            var scratch = CandidateScratch()
            return range.map { index in
                let person = bench.judges[index]
                let candidates = finder.candidates(for: person, &scratch)
                let likes = bench.futureLikes[person]
                let reacted = likes + bench.futureDislikes[person]
                let logits = scorer.logits(viewer: person, candidates: candidates, in: finder.batch, moment: moment)
                let answers = scorer.logits(viewer: person, candidates: reacted.map(Int.init), in: finder.batch, moment: moment)
                return Case(
                    candidates: candidates.map(Int32.init), logits: logits, likes: Set(likes),
                    reactions: answers.enumerated().map { ($1.forward, $0 < likes.count) },
                    stage1: finder.collaborative(20, for: person).map(\.row), popularity: finder.popular(20, for: person).map(\.row))
            }
        }
    }

    /// Quality of the lists that a weight of the other direction makes.
    func quality(reciprocalWeight: Double) -> Quality { self.quality { Self.ranked($0, reciprocalWeight) } }

    var stage1: Quality { self.quality(\.stage1) }
    var popularity: Quality { self.quality(\.popularity) }

    private func quality(_ list: (Case) -> [Int32]) -> Quality {
        var ndcg = RankingMetrics(cutoff: 10)
        var recall = RankingMetrics(cutoff: 20)
        for judged in self.cases {
            let ranked = list(judged)
            ndcg.add(ranked: ranked, relevant: judged.likes)
            recall.add(ranked: ranked, relevant: judged.likes)
        }
        return (ndcg, recall)
    }

    /// The weight with the best NDCG@10; a weight that is no better than a smaller one isn't taken.
    func bestReciprocalWeight(of weights: [Double]) -> Double {
        var best = (weight: 0.0, ndcg: -1.0)
        for weight in weights.sorted() {
            let ndcg = self.quality(reciprocalWeight: weight).ndcg.ndcg
            if ndcg > best.ndcg { best = (weight, ndcg) }
        }
        return best.weight
    }

    /// Whether somebody who was looked at is liked: area under the curve of the log-odds; `nil` without dislikes.
    var areaUnderCurve: Double? {
        let reactions = self.cases.flatMap(\.reactions)
        return ClassificationMetrics.areaUnderCurve(scores: reactions.map(\.logit), labels: reactions.map(\.liked))
    }

    private static func ranked(_ judged: Case, _ weight: Double) -> [Int32] {
        let scores = judged.logits.map { $0.forward + weight * $0.reverse }
        let order = scores.indices.sorted { (scores[$0], judged.candidates[$1]) > (scores[$1], judged.candidates[$0]) }
        return order.prefix(20).map { judged.candidates[$0] }
    }
}
