internal import LinearMath

/// A part of the training interactions, held out to choose parameters by.
struct ValidationSet: Sendable {
    /// What remains to train on.
    let matrix: InteractionMatrix
    /// The people who judge, and the columns held out of theirs.
    let rows: [Int32]
    let relevant: [Set<Int32>]
    let sameIDs: Bool

    /// How the validation part is drawn.
    enum Method: Sendable { case random, temporal, pairs }

    /// - Parameter maximumRows: More people than this are sampled.
    init(_ data: SplitData, method: Method, share: Double, maximumRows: Int, generator: inout SeededGenerator) {
        let rows = data.train.map(\.row)
        let held =
            switch method {
            case .random: HoldOut.random(rows: rows, share: share, using: &generator)
            case .temporal: HoldOut.temporal(rows: rows, times: data.train.map(\.time), share: share)
            case .pairs: HoldOut.pairs(rows: rows, columns: data.train.map(\.column), share: share, using: &generator)
            }
        self.matrix = data.matrix(of: zip(data.train, held).lazy.filter { !$0.1 }.map(\.0))
        self.sameIDs = data.sameIDs
        var relevant: [Int32: Set<Int32>] = [:]
        for (interaction, isHeld) in zip(data.train, held) where isHeld {
            relevant[interaction.row, default: []].insert(interaction.column)
        }
        let people = relevant.keys.sorted().shuffled(using: &generator).prefix(maximumRows).sorted()
        self.rows = people
        self.relevant = people.map { relevant[$0] ?? [] }
    }

    /// Mean of NDCG@10 and NDCG@20: the second one steadies the choice between nearly equal settings.
    func quality(of model: FittedModel, threads: Int) -> Double {
        let lists = Ranker.rank(
            rows: self.rows, columnCount: self.matrix.columnCount, matrix: self.matrix, sameIDs: self.sameIDs, count: 20,
            threads: threads
        ) { row, scores in model.score(row: row, of: self.matrix, into: &scores) }
        return self.quality(of: lists)
    }

    func quality(of lists: [[Hit]]) -> Double {
        var ten = RankingMetrics(cutoff: 10)
        var twenty = RankingMetrics(cutoff: 20)
        for (list, relevant) in zip(lists, self.relevant) {
            ten.add(ranked: list.lazy.map(\.row), relevant: relevant)
            twenty.add(ranked: list.lazy.map(\.row), relevant: relevant)
        }
        return (ten.ndcg + twenty.ndcg) / 2
    }
}
