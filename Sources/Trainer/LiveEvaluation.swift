public import Domain
internal import Features
internal import LinearMath
internal import Models
public import Simulation
internal import Training

/// Judges the active model by likes that were never in the log.
public struct LiveEvaluation: Sendable {
    public struct Quality: Sendable, Hashable {
        public let recallAt20: Double
        public let recallStandardError: Double
        public let ndcgAt10: Double
        public let ndcgStandardError: Double
        /// Recall by length of the list, from 1 to 20.
        public let recallCurve: [Double]
        /// Share of all people who are on any list, and how unevenly they are shown.
        public let coverage: Double
        public let gini: Double
        /// The share of all that is shown which goes to the least shown hundredths of the people.
        public let lorenzCurve: [Double]
    }

    /// Pairs that were given about the same probability of a like.
    public struct CalibrationBin: Sendable, Hashable, Encodable {
        public let predicted: Double
        /// The mean true probability.
        public let actual: Double
        public let pairs: Int
    }

    public struct Report: Sendable {
        public let version: String
        /// How many people were asked.
        public let people: Int
        /// Ranked by the latent utility; `nil` without a truth.
        public let oracle: Quality?
        /// The most liked of the genders that the person likes.
        public let popularity: Quality
        /// Stage 1's collaborative scores alone.
        public let stage1: Quality
        /// Both stages.
        public let pipeline: Quality
        /// The share of held-out likes that stage 1 proposed at all.
        public let candidateRecall: Double
        /// NDCG@10 of both stages over stage 1, person by person, with its 95% interval.
        public let gain: (mean: Double, low: Double, high: Double, t: Double)
        /// Predicted against true probabilities of a like, over all candidates of those asked; empty without a truth.
        public let calibration: [CalibrationBin]
    }

    private let source: any TrainingSource
    private let models: any ModelRepository
    private let embeddings: any EmbeddingRepository

    public init(source: any TrainingSource, models: any ModelRepository, embeddings: any EmbeddingRepository) {
        self.source = source
        self.models = models
        self.embeddings = embeddings
    }

    /// - Parameters:
    ///   - heldOut: Likes that are not in the log.
    ///   - truth: Of a made-up community.
    ///   - sample: At most so many people are asked.
    ///   - now: Features stand at this moment.
    public func run(
        heldOut: [Interaction], truth: Truth? = nil, sample: Int = 1000, seed: UInt64 = 1, threads: Int = 2, now: Timestamp
    ) async throws -> Report {
        guard let record = try await self.models.active(), let bytes = try await self.models.artefact(record.version) else {
            throw TrainingError(.noModel, "There is no active model to judge.")
        }
        let scorer = try Scorer(model: PipelineModel(decoding: bytes))
        let dataset = try await Dataset(reading: self.source, until: now) { _ in }
        let finder = try await self.finder(scorer.model, dataset, threads: threads, now: now)
        let moment = RequestMoment(now)
        let (people, answers) = Self.sample(heldOut, dataset, count: sample, seed: seed)
        let oracle = truth.map { Oracle(truth: $0, users: dataset.users, seen: finder.opinions.seen) }
        let lists = await Parallel.map(people.count, threads: threads) { range in
            var scratch = CandidateScratch()
            return range.map { index -> Lists in
                let person = people[index]
                let candidates = finder.candidates(for: person, &scratch)
                let logits = scorer.logits(viewer: person, candidates: candidates, in: finder.batch, moment: moment)
                var best = TopK(capacity: 20)
                for (candidate, logits) in zip(candidates, logits) {
                    best.push(row: Int32(candidate), score: Float(scorer.fused(logits)))
                }
                let chances = oracle.map { oracle in
                    zip(candidates, logits).compactMap { candidate, logits in
                        oracle.chance(candidate, for: person).map { (scorer.model.calibration.probability(logits.forward), $0) }
                    }
                }
                return Lists(
                    oracle: oracle?.best(20, for: person) ?? [], popularity: finder.popular(20, for: person),
                    stage1: finder.collaborative(20, for: person), pipeline: best.sorted(),
                    found: candidates.count { answers[index].contains(Int32($0)) }, chances: chances ?? [])
            }
        }
        let relevant = answers.reduce(0) { $0 + $1.count }
        let size = dataset.users.count
        let comparison = PairedComparison(Self.ndcgs(lists.map(\.pipeline), answers), over: Self.ndcgs(lists.map(\.stage1), answers))
        return Report(
            version: record.version, people: people.count, oracle: oracle.map { _ in Self.quality(lists.map(\.oracle), answers, size) },
            popularity: Self.quality(lists.map(\.popularity), answers, size), stage1: Self.quality(lists.map(\.stage1), answers, size),
            pipeline: Self.quality(lists.map(\.pipeline), answers, size),
            candidateRecall: relevant > 0 ? Double(lists.reduce(0) { $0 + $1.found }) / Double(relevant) : 0,
            gain: (
                comparison.meanDifference, comparison.interval.lowerBound, comparison.interval.upperBound, comparison.tStatistic
            ),
            calibration: Self.calibration(lists.flatMap(\.chances)))
    }

    private struct Lists: Sendable {
        var oracle, popularity, stage1, pipeline: [Hit]
        var found: Int
        /// Predicted and true probabilities of a like.
        var chances: [(Double, Double)]
    }

    private func finder(_ model: PipelineModel, _ dataset: Dataset, threads: Int, now: Timestamp) async throws -> CandidateFinder {
        let factors = try await FactorTable(self.embeddings, model: model, dataset: dataset)
        let table = await FeatureTable(
            users: dataset.users, counters: FeatureTable.counters(dataset.events, users: dataset.users), factors: factors, moment: now,
            threads: threads)
        return CandidateFinder(
            batch: table.batch, factors: factors, opinions: Opinions(dataset.events, people: dataset.users.count),
            quotas: model.retrieval.quotas, seed: model.retrieval.factorization.seed)
    }

    /// People by index with their held-out likes, in a random order.
    private static func sample(
        _ heldOut: [Interaction], _ dataset: Dataset, count: Int, seed: UInt64
    ) -> (people: [Int], answers: [Set<Int32>]) {
        var answers: [Int: Set<Int32>] = [:]
        for like in heldOut where like.kind.isPositive {
            guard let person = dataset.index(of: like.userID), let target = dataset.index(of: like.targetUserID) else { continue }
            answers[person, default: []].insert(Int32(target))
        }
        var generator = SeededGenerator(seed: seed)
        let people = answers.keys.sorted().shuffled(using: &generator).prefix(count)
        return (Array(people), people.map { answers[$0] ?? [] })
    }

    private static func quality(_ lists: [[Hit]], _ answers: [Set<Int32>], _ people: Int) -> Quality {
        func metrics(_ cutoff: Int) -> RankingMetrics {
            var metrics = RankingMetrics(cutoff: cutoff)
            for (list, answer) in zip(lists, answers) { metrics.add(ranked: list.map(\.row), relevant: answer) }
            return metrics
        }
        var catalogue = CatalogueMetrics(catalogueSize: people)
        for list in lists { catalogue.add(ranked: list.map(\.row)) }
        let (ten, twenty) = (metrics(10), metrics(20))
        return Quality(
            recallAt20: twenty.recall, recallStandardError: twenty.recallStandardError, ndcgAt10: ten.ndcg,
            ndcgStandardError: ten.ndcgStandardError, recallCurve: (1...20).map { metrics($0).recall }, coverage: catalogue.coverage,
            gini: catalogue.gini, lorenzCurve: catalogue.lorenzCurve)
    }

    private static func ndcgs(_ lists: [[Hit]], _ answers: [Set<Int32>]) -> [Double] {
        zip(lists, answers).map { list, answer in
            RankingMetrics.ndcg(hits: list.map { answer.contains($0.row) }, relevant: answer.count, cutoff: 10)
        }
    }

    /// In tenths of the predicted probability.
    private static func calibration(_ chances: [(predicted: Double, actual: Double)]) -> [CalibrationBin] {
        let bins = Dictionary(grouping: chances) { min(9, Int($0.predicted * 10)) }
        return bins.sorted { $0.key < $1.key }.map { _, pairs in
            let count = Double(pairs.count)
            return CalibrationBin(
                predicted: pairs.reduce(0) { $0 + $1.predicted } / count, actual: pairs.reduce(0) { $0 + $1.actual } / count,
                pairs: pairs.count)
        }
    }
}
