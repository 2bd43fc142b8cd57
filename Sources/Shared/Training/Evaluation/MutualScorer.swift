internal import Glibc
internal import LinearMath

/// Probabilities that people like one another, from a pipeline's scores.
///
/// P(u likes v) = σ(β · (blended score, log choices of u, log popularity of v)), fitted on held-out choices. A pair's score is
/// log P(u likes v) + balance · log P(v likes u): 1 is the probability of a match, 0 one-way.
struct MutualScorer: Sendable {
    /// How many candidates the first direction proposes for the second one to judge.
    static let depth = 400
    private static let negatives = 100

    let weights: [Double]
    let balance: Double
    private let likes: LogisticTrainer.Fit

    /// Fits the probabilities, and chooses the balance by held-out mutual likes.
    static func fit(
        _ pipeline: FittedPipeline, _ validation: ValidationSet, weights: [Double], seed: UInt64, threads: Int
    ) -> (scorer: MutualScorer, quality: Double) {
        let samples = Ranker.map(Array(validation.rows.indices), threads: threads) { index in
            Self.samples(pipeline, validation.rows[index], validation.relevant[index], weights, seed: seed)
        }
        let likes = LogisticTrainer.fit(
            features: samples.flatMap(\.features), width: 3, labels: samples.flatMap(\.labels), weights: samples.flatMap(\.weights))
        let held = Dictionary(uniqueKeysWithValues: zip(validation.rows, validation.relevant))
        // Someone's mutual likes are those held out who hold that someone too.
        let mutual = validation.rows.map { row in (held[row] ?? []).filter { held[$0]?.contains(row) == true } }
        var best: (scorer: MutualScorer, quality: Double)?
        let oneWay = MutualScorer(weights: weights, balance: 0, likes: likes)
        let directions = oneWay.directions(pipeline, rows: validation.rows, threads: threads)
        for balance in [1, 0.75, 0.5, 1.5, 0] {
            var metrics = RankingMetrics(cutoff: 10)
            for (list, relevant) in zip(directions, mutual) {
                metrics.add(ranked: Self.ordered(list, balance: balance, count: 10).lazy.map(\.row), relevant: relevant)
            }
            if metrics.ndcg > best?.quality ?? -1 {
                best = (MutualScorer(weights: weights, balance: balance, likes: likes), metrics.ndcg)
            }
        }
        return best ?? (oneWay, 0)
    }

    /// The best columns of each row by both directions.
    func rank(_ pipeline: FittedPipeline, rows: [Int32], count: Int, threads: Int) -> [[Hit]] {
        self.directions(pipeline, rows: rows, threads: threads).map { Self.ordered($0, balance: self.balance, count: count) }
    }

    /// Scores of given pairs, in their order: the probability of a match, or of a like when one-way.
    func scores(_ pipeline: FittedPipeline, pairs: [(Int32, Int32)], mutual: Bool, threads: Int) -> [Double] {
        var wanted: [Int32: Set<Int32>] = [:]
        for (a, b) in pairs {
            wanted[a, default: []].insert(b)
            if mutual { wanted[b, default: []].insert(a) }
        }
        let rows = wanted.keys.sorted()
        let results = Ranker.map(rows, threads: threads) { [wanted] row in
            let logs = self.logProbabilities(pipeline, row: row).logs
            return Dictionary(uniqueKeysWithValues: (wanted[row] ?? []).map { ($0, logs[Int($0)]) })
        }
        let table = Dictionary(uniqueKeysWithValues: zip(rows, results))
        return pairs.map { a, b in
            let forward = Double(table[a]?[b] ?? 0)
            return exp(mutual ? forward + Double(table[b]?[a] ?? 0) : forward)
        }
    }

    // MARK: -

    private struct Direction: Sendable {
        let column: Int32
        let there: Float
        var back: Float
    }

    private static func ordered(_ list: [Direction], balance: Double, count: Int) -> [Hit] {
        var top = TopK(capacity: count)
        for entry in list { top.push(row: entry.column, score: entry.there + Float(balance) * entry.back) }
        return top.sorted()
    }

    /// For each row its candidates with the log probabilities of both directions.
    private func directions(_ pipeline: FittedPipeline, rows: [Int32], threads: Int) -> [[Direction]] {
        var lists = Ranker.map(rows, threads: threads) { row in
            var logs = self.logProbabilities(pipeline, row: row).logs
            Ranker.exclude(row: row, matrix: pipeline.matrix, sameIDs: true, &logs)
            return Ranker.top(logs, count: Self.depth).map { Direction(column: $0.row, there: $0.score, back: 0) }
        }
        // The way back, computed once for each person who is anyone's candidate.
        var askers: [Int32: [(list: Int, entry: Int)]] = [:]
        for (list, entries) in lists.enumerated() {
            for (entry, direction) in entries.enumerated() { askers[direction.column, default: []].append((list, entry)) }
        }
        let people = askers.keys.sorted()
        let wanted = people.map { person in (askers[person] ?? []).map { rows[$0.list] } }
        let back = Ranker.map(Array(people.indices), threads: threads) { index in
            let logs = self.logProbabilities(pipeline, row: people[index]).logs
            return wanted[index].map { logs[Int($0)] }
        }
        for (person, values) in zip(people, back) {
            for (place, value) in zip(askers[person] ?? [], values) { lists[place.list][place.entry].back = value }
        }
        return lists
    }

    private func logProbabilities(_ pipeline: FittedPipeline, row: Int32) -> (logs: [Float], candidates: [Int32]) {
        let scores = pipeline.scores(row: row)
        let blended = scores.blended(self.weights)
        let activity = self.likes.weights[1] * Self.logDegree(pipeline.matrix.byRow, row)
        let logs = blended.indices.map { column in
            let score =
                self.likes.intercept + activity + self.likes.weights[0] * Double(blended[column])
                + self.likes.weights[2] * Self.logDegree(pipeline.matrix.byColumn, Int32(truncatingIfNeeded: column))
            return Float(-Statistics.softplus(-score))
        }
        return (logs, scores.candidates)
    }

    private static func logDegree(_ rows: CompressedRows, _ row: Int32) -> Double { log1p(Double(rows.degree(of: Int(row)))) }

    /// Held-out choices, the candidates that were not chosen, and a weighted sample of everything else.
    private static func samples(
        _ pipeline: FittedPipeline, _ row: Int32, _ relevant: Set<Int32>, _ weights: [Double], seed: UInt64
    ) -> (features: [Float], labels: [Float], weights: [Float]) {
        var generator = SeededGenerator(seed: seed, stream: UInt64(UInt32(bitPattern: row)))
        let scores = pipeline.scores(row: row)
        let blended = scores.blended(weights)
        let columns = pipeline.matrix.columnCount
        var chosen = relevant.union(scores.candidates)
        var rows = chosen.sorted().map { (column: $0, weight: Float(1)) }
        let rest = Float(max(0, columns - chosen.count - pipeline.matrix.byRow.degree(of: Int(row)))) / Float(Self.negatives)
        for _ in 0..<Self.negatives {
            let column = Int32.random(in: 0..<Int32(truncatingIfNeeded: columns), using: &generator)
            guard column != row, !pipeline.matrix.byRow.contains(row: Int(row), column: column), chosen.insert(column).inserted
            else { continue }
            rows.append((column, rest))
        }
        let activity = Float(Self.logDegree(pipeline.matrix.byRow, row))
        return (
            rows.flatMap { [blended[Int($0.column)], activity, Float(Self.logDegree(pipeline.matrix.byColumn, $0.column))] },
            rows.map { relevant.contains($0.column) ? 1 : 0 }, rows.map(\.weight)
        )
    }
}
