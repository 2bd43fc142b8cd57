/// A sparse matrix by rows: the entries of row r are `offsets[r]..<offsets[r + 1]`, ascending by column.
public struct CompressedRows: Sendable {
    public let columnCount: Int
    public let offsets: [Int]
    public let indices: [Int32]
    public let weights: [Float]

    public var rowCount: Int { self.offsets.count - 1 }
    public var entryCount: Int { self.indices.count }

    init(columnCount: Int, offsets: [Int], indices: [Int32], weights: [Float]) {
        (self.columnCount, self.offsets, self.indices, self.weights) = (columnCount, offsets, indices, weights)
    }

    /// Where the entries of a row lie in `indices` and `weights`.
    public func range(of row: Int) -> Range<Int> { self.offsets[row]..<self.offsets[row + 1] }

    /// The columns of a row.
    public func columns(of row: Int) -> ArraySlice<Int32> { self.indices[self.range(of: row)] }

    /// The number of entries of a row.
    public func degree(of row: Int) -> Int { self.offsets[row + 1] - self.offsets[row] }

    public func contains(row: Int, column: Int32) -> Bool {
        var (low, high) = (self.offsets[row], self.offsets[row + 1])
        while low < high {
            let middle = (low + high) / 2
            if self.indices[middle] < column { low = middle + 1 } else { high = middle }
        }
        return low < self.offsets[row + 1] && self.indices[low] == column
    }

    /// The same matrix by columns.
    func transposed() -> CompressedRows {
        var offsets = [Int](repeating: 0, count: self.columnCount + 1)
        for column in self.indices { offsets[Int(column) + 1] += 1 }
        for column in 0..<self.columnCount { offsets[column + 1] += offsets[column] }
        var next = offsets
        var indices = [Int32](repeating: 0, count: self.entryCount)
        var weights = [Float](repeating: 0, count: self.entryCount)
        for row in 0..<self.rowCount {
            for entry in self.range(of: row) {
                let column = Int(self.indices[entry])
                indices[next[column]] = Int32(truncatingIfNeeded: row)
                weights[next[column]] = self.weights[entry]
                next[column] += 1
            }
        }
        return CompressedRows(columnCount: self.rowCount, offsets: offsets, indices: indices, weights: weights)
    }
}
