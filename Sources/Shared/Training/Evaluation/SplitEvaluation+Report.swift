extension SplitEvaluation {
    /// What was chosen, and how well it did.
    public struct Report: Sendable {
        /// A setting that was tried, with its quality on the validation part: the mean of NDCG@10 and NDCG@20.
        public struct Trial: Sendable, Hashable {
            public let model: String
            public let parameters: [String: Double]
            public let quality: Double
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
        public let seconds: Double

        init(
            data: SplitData, lists: [(user: Int64, items: [Int64])], plan: PipelineSelection.Plan, matrix: InteractionMatrix,
            seconds: Double
        ) {
            self.pipeline = plan.name
            self.models = plan.models.map {
                Trial(model: $0.specification.family.rawValue, parameters: $0.specification.parameters, quality: $0.quality)
            }
            self.blendWeights = plan.weights ?? []
            self.validationQuality = plan.quality
            self.mutualQuality = plan.mutualQuality
            self.balance = plan.mutual?.balance
            var ten = RankingMetrics(cutoff: 10)
            var twenty = RankingMetrics(cutoff: 20)
            var catalogue = CatalogueMetrics(catalogueSize: (0..<matrix.columnCount).count { matrix.byColumn.degree(of: $0) > 0 })
            let columns = SplitData.numbers(data.columnIDs)
            for (list, test) in zip(lists, data.test) {
                ten.add(ranked: list.items, relevant: test.items)
                twenty.add(ranked: list.items, relevant: test.items)
                catalogue.add(ranked: list.items.compactMap { columns[$0] })
            }
            self.metricsAt10 = ten
            self.metricsAt20 = twenty
            self.catalogue = catalogue
            self.seconds = seconds
        }
    }
}
