internal import Glibc
internal import LinearMath

/// The most similar rows of each row of a sparse matrix.
public struct NeighbourGraph: Sendable {
    /// For each row its neighbours with their similarity, ascending by neighbour.
    public let neighbours: CompressedRows

    /// Finds the neighbours of every row exactly, by walking what rows share: Σ over columns of degree² steps.
    ///
    /// - Parameter transposed: The same matrix by columns.
    init(of rows: CompressedRows, transposed: CompressedRows, _ parameters: NeighbourParameters, threads: Int = 2) {
        let sharedWeights = (0..<transposed.rowCount).map { column in
            powf(Float(max(transposed.degree(of: column), 1)), -parameters.sharedExponent)
        }
        let lengths = (0..<rows.rowCount).map { row in rows.range(of: row).reduce(Float(0)) { $0 + rows.weights[$1] * rows.weights[$1] } }
        let sources = lengths.map { powf($0, parameters.sourceExponent) }
        let targets = lengths.map { powf($0, parameters.targetExponent) }
        let chunk = 32
        let results = ReadWriteLock([[[Hit]]](repeating: [], count: (rows.rowCount + chunk - 1) / chunk))
        ParallelRanges.forEach(count: rows.rowCount, chunk: chunk, threads: threads) { range in
            var overlaps = [Float](repeating: 0, count: rows.rowCount)
            var touched: [Int32] = []
            let found = range.map { row in
                for entry in rows.range(of: row) {
                    let column = Int(rows.indices[entry])
                    let weight = rows.weights[entry] * sharedWeights[column]
                    for other in transposed.range(of: column) {
                        let index = transposed.indices[other]
                        if overlaps[Int(index)] == 0 { touched.append(index) }
                        overlaps[Int(index)] += weight * transposed.weights[other]
                    }
                }
                var top = TopK(capacity: parameters.neighbours)
                for index in touched {
                    let norm = sources[row] * targets[Int(index)] + parameters.shrinkage
                    if index != Int32(truncatingIfNeeded: row), norm > 0 {
                        top.push(row: index, score: overlaps[Int(index)] / norm)
                    }
                    overlaps[Int(index)] = 0
                }
                touched.removeAll(keepingCapacity: true)
                return top.sorted().sorted { $0.row < $1.row }
            }
            results.withWriteLock { $0[range.lowerBound / chunk] = found }
        }
        let lists = results.withReadLock { $0 }.flatMap { $0 }
        var offsets = [0]
        for list in lists { offsets.append((offsets.last ?? 0) + list.count) }
        self.neighbours = CompressedRows(
            columnCount: rows.rowCount, offsets: offsets, indices: lists.flatMap { $0.map(\.row) },
            weights: lists.flatMap { $0.map(\.score) })
    }
}
