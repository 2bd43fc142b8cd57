internal import CKernels
internal import LinearMath

extension RowStorage {
    /// Below this share of present rows, gathering them beats scanning all codes.
    private static let sparseShare = 0.05

    /// The best k rows of the mask, which holds present rows only.
    borrowing func search(_ query: [Float], count k: Int, mask: Bitmap) -> [Hit] {
        let survivors = mask.popCount
        guard survivors > 0 else { return [] }
        let query = self.padded(query)
        if query.allSatisfy({ $0 == 0 }) { return Self.firstRows(of: mask, count: k) }
        if survivors <= k || Double(survivors) < Self.sparseShare * Double(self.count) {
            var rows: [Int32] = []
            rows.reserveCapacity(survivors)
            mask.forEachSet { rows.append(Int32(truncatingIfNeeded: $0)) }
            return self.best(k, of: rows, query: query)
        }
        return self.best(k, of: self.possibleRows(query, count: k, mask: mask), query: query)
    }

    /// Every row ties at 0, and the order of rows decides.
    private static func firstRows(of mask: Bitmap, count k: Int) -> [Hit] {
        var hits: [Hit] = []
        for row in 0..<mask.count where mask[row] {
            hits.append(Hit(row: Int32(truncatingIfNeeded: row), score: 0))
            if hits.count == k { break }
        }
        return hits
    }

    private borrowing func best(_ k: Int, of rows: [Int32], query: [Float]) -> [Hit] {
        let scores = self.gather(query, rows: rows)
        var top = TopK(capacity: min(k, rows.count))
        for index in rows.indices { top.push(row: rows[index], score: scores[index]) }
        return top.sorted()
    }

    /// The rows that may be among the best k: usually about 1.3 k of them.
    ///
    /// The buffer is compacted whenever it is full, and doubled when compaction leaves it more than half full, so that however many
    /// rows tie, none of them is lost.
    private borrowing func possibleRows(_ query: [Float], count k: Int, mask: Bitmap) -> [Int32] {
        unsafe self.withQuantizedRows { rows in
            var rows = unsafe rows
            var quantized = duet_quantized_query()
            unsafe duet_quantize_query(query, self.width, &quantized)
            var candidates = [duet_candidate](repeating: duet_candidate(), count: max(4 * k, 512) + 2 * Self.blockSize)
            var found = 0
            var threshold = -Float.infinity
            var block = 0
            let end = (self.count + Self.blockSize - 1) / Self.blockSize
            while block < end {
                unsafe block = duet_scan(
                    &rows, &quantized, mask.words, block, end, threshold, &candidates, candidates.count, &found)
                unsafe threshold = duet_keep_possible(&candidates, &found, k)
                if 2 * found > candidates.count {
                    candidates += [duet_candidate](repeating: duet_candidate(), count: candidates.count)
                }
            }
            return candidates[..<found].map(\.row)
        }
    }
}
