extension SplitEvaluation {
    /// What to evaluate, and how.
    public struct Options: Sendable {
        /// Pairs of ids to score, and where the scores go: `a<TAB>b<TAB>score`, in the order of the input.
        public struct Pairs: Sendable {
            public var input: String
            public var output: String

            public init(input: String, output: String) {
                (self.input, self.output) = (input, output)
            }
        }

        /// Names that `model` takes, beside `nil` for whatever validates best.
        public static let models = ModelSpecification.Family.allCases.map(\.rawValue) + ["blend"]

        /// The folder of `train.tsv` and `test.tsv`.
        public var directory: String
        /// Where the lists go; `nil` writes none.
        public var rankedOut: String?
        /// Users and items are one set of people, and nobody is recommended to themselves.
        public var sameIDs = false
        /// Rank by both directions; implies `sameIDs`.
        public var reciprocal = false
        public var pairs: Pairs?
        /// One of `models`.
        public var model: String?
        /// Forces parameters of the model, which must be named: the others keep their usual values, and nothing is searched.
        public var parameters: [String: Double] = [:]
        public var seed: UInt64 = 1
        public var threads = 2
        /// Rows written for each person.
        public var listLength = 20

        public init(directory: String) { self.directory = directory }
    }

    /// The validation part, and what may be spent on it.
    enum Validation {
        /// Share of each person's interactions (or of the pairs) that is held out.
        static let share = 0.2
        /// Up to so many interactions of train, validation is repeated with other draws.
        static let repetitionLimit = 200_000
        /// Floating-point operations that the search for a family's parameters may take, for each training interaction.
        static let budgetPerInteraction: [ModelSpecification.Family: Double] = [
            .ials: 6e6, .ease: 1e6, .itemKNN: 0.8e6, .userKNN: 0.8e6, .popularity: 1e3,
        ]

        /// How many people judge: each of them costs a score for every column, so that more are sampled.
        static func maximumPeople(interactions: Int, columns: Int) -> Int {
            min(3000, max(500, 150 * interactions / max(columns, 1)))
        }
    }
}
