internal import LinearMath
internal import Synchronization

/// Ranks columns for many rows at once.
enum Ranker {
    /// The best `count` columns of each row, outside the row's own entries (and itself, where both sides are the same people).
    ///
    /// - Parameter score: Writes the scores of all columns for a row.
    static func rank(
        rows: [Int32], columnCount: Int, matrix: InteractionMatrix, sameIDs: Bool, count: Int, threads: Int,
        _ score: @escaping @Sendable (Int, inout [Float]) -> Void
    ) -> [[Hit]] {
        Self.map(rows, threads: threads) { row in
            var scores = [Float](repeating: 0, count: columnCount)
            score(Int(row), &scores)
            Self.exclude(row: row, matrix: matrix, sameIDs: sameIDs, &scores)
            return Self.top(scores, count: count)
        }
    }

    /// Makes what a row may not be shown worse than everything else.
    static func exclude(row: Int32, matrix: InteractionMatrix, sameIDs: Bool, _ scores: inout [Float]) {
        for column in matrix.byRow.columns(of: Int(row)) { scores[Int(column)] = -.infinity }
        if sameIDs { scores[Int(row)] = -.infinity }
    }

    static func top(_ scores: [Float], count: Int) -> [Hit] {
        var top = TopK(capacity: count)
        for (column, score) in scores.enumerated() where score > -.infinity {
            top.push(row: Int32(truncatingIfNeeded: column), score: score)
        }
        return top.sorted()
    }

    /// Maps in parallel, keeping the order.
    static func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element], threads: Int, _ transform: @escaping @Sendable (Element) -> Result
    ) -> [Result] {
        let chunk = 16
        let results = Mutex([[Result]](repeating: [], count: (elements.count + chunk - 1) / chunk))
        ParallelRanges.forEach(count: elements.count, chunk: chunk, threads: threads) { range in
            let part = elements[range].map(transform)
            results.withLock { $0[range.lowerBound / chunk] = part }
        }
        return results.withLock { $0 }.flatMap { $0 }
    }
}
