extension SplitEvaluation {
    /// What was chosen, and how well it did.
    public struct Report: Sendable {
        /// A setting that was tried, with its quality on the validation part: the mean of NDCG@10 and NDCG@20.
        public struct Trial: Sendable, Hashable {
            public let model: String
            public let parameters: [String: Double]
            public let quality: Double
        }

        /// One of the pipeline's models alone, on the test part, beside the whole pipeline.
        public struct Baseline: Sendable {
            public let model: String
            public let metricsAt10: RankingMetrics
            public let metricsAt20: RankingMetrics
            /// NDCG@10 of the pipeline over this model, person by person.
            public let gain: PairedComparison
            /// By length of the list, from 1.
            public let recallCurve: [Double]
        }

        /// The pipeline that was chosen: one model's name, or `blend`.
        public let pipeline: String
        /// Its models with their parameters.
        public let models: [Trial]
        /// The weights of a blend, for each model and then for popularity; empty for a single model.
        public let blendWeights: [Double]
        /// The quality that the choice was made by; `nil` when nothing was left to choose.
        public let validationQuality: Double?
        /// NDCG@10 of held-out mutual likes on the validation part, when both directions rank.
        public let mutualQuality: Double?
        /// The weight of the other direction, when both rank.
        public let balance: Double?
        /// On the test part, at 10 and 20.
        public let metricsAt10: RankingMetrics
        public let metricsAt20: RankingMetrics
        /// Over the lists, against all items of train.
        public let catalogue: CatalogueMetrics
        public let lists: ListMetrics
        /// Recall by length of the list, from 1.
        public let recallCurve: [Double]
        /// Each model of a blend alone, and popularity.
        public let baselines: [Baseline]
        public let seconds: Double

        typealias Lists = [(user: Int64, items: [Int64])]

        init(
            data: SplitData, lists: Lists, baselines: [(model: String, lists: Lists)], plan: PipelineSelection.Plan,
            matrix: InteractionMatrix, seconds: Double
        ) {
            self.pipeline = plan.name
            self.models = plan.models.map {
                Trial(model: $0.specification.family.rawValue, parameters: $0.specification.parameters, quality: $0.quality)
            }
            self.blendWeights = plan.weights ?? []
            self.validationQuality = plan.quality
            self.mutualQuality = plan.mutualQuality
            self.balance = plan.mutual?.balance
            self.metricsAt10 = Self.metrics(lists, data, cutoff: 10)
            self.metricsAt20 = Self.metrics(lists, data, cutoff: 20)
            self.recallCurve = Self.recallCurve(lists, data)
            let columns = SplitData.numbers(data.columnIDs)
            var catalogue = CatalogueMetrics(catalogueSize: (0..<matrix.columnCount).count { matrix.byColumn.degree(of: $0) > 0 })
            var beyond = ListMetrics(matrix, cutoff: 20)
            for (list, test) in zip(lists, data.test) {
                let ranked = list.items.compactMap { columns[$0] }
                catalogue.add(ranked: ranked)
                beyond.add(ranked: ranked, relevant: Set(test.items.compactMap { columns[$0] }))
            }
            self.catalogue = catalogue
            self.lists = beyond
            let own = Self.ndcgs(lists, data)
            self.baselines = baselines.map { model, lists in
                Baseline(
                    model: model, metricsAt10: Self.metrics(lists, data, cutoff: 10), metricsAt20: Self.metrics(lists, data, cutoff: 20),
                    gain: PairedComparison(own, over: Self.ndcgs(lists, data)), recallCurve: Self.recallCurve(lists, data))
            }
            self.seconds = seconds
        }

        private static func metrics(_ lists: Lists, _ data: SplitData, cutoff: Int) -> RankingMetrics {
            var metrics = RankingMetrics(cutoff: cutoff)
            for (list, test) in zip(lists, data.test) { metrics.add(ranked: list.items, relevant: test.items) }
            return metrics
        }

        /// NDCG@10 of each person.
        private static func ndcgs(_ lists: Lists, _ data: SplitData) -> [Double] {
            zip(lists, data.test).map { list, test in
                RankingMetrics.ndcg(hits: list.items.map(test.items.contains), relevant: test.items.count, cutoff: 10)
            }
        }

        private static func recallCurve(_ lists: Lists, _ data: SplitData) -> [Double] {
            (1...20).map { Self.metrics(lists, data, cutoff: $0).recall }
        }
    }
}
