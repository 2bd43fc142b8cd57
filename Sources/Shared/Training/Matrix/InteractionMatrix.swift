/// Weighted interactions of rows (people) with columns (the people or things they act on), sparse both ways.
public struct InteractionMatrix: Sendable {
    public typealias Entry = (row: Int32, column: Int32, weight: Float)

    public let byRow: CompressedRows
    public let byColumn: CompressedRows

    public var rowCount: Int { self.byRow.rowCount }
    public var columnCount: Int { self.byColumn.rowCount }
    public var entryCount: Int { self.byRow.entryCount }

    /// Merges entries of one cell into their sum. An index outside the matrix is an error of ours.
    public init(rows: Int, columns: Int, entries: [Entry]) {
        for entry in entries {
            precondition(entry.row >= 0 && entry.row < rows, "A row index lies outside the matrix.")
            precondition(entry.column >= 0 && entry.column < columns, "A column index lies outside the matrix.")
        }
        var offsets = [Int](repeating: 0, count: rows + 1)
        for entry in entries { offsets[Int(entry.row) + 1] += 1 }
        for row in 0..<rows { offsets[row + 1] += offsets[row] }
        var next = offsets
        var cells = [(column: Int32, weight: Float)](repeating: (0, 0), count: entries.count)
        for entry in entries {
            cells[next[Int(entry.row)]] = (entry.column, entry.weight)
            next[Int(entry.row)] += 1
        }
        var merged = [0]
        merged.reserveCapacity(rows + 1)
        var indices: [Int32] = []
        var weights: [Float] = []
        indices.reserveCapacity(entries.count)
        weights.reserveCapacity(entries.count)
        for row in 0..<rows {
            // By weight too, so that the rounding of a sum doesn't depend on the order of the input.
            let sorted = cells[offsets[row]..<offsets[row + 1]].sorted { ($0.column, $0.weight) < ($1.column, $1.weight) }
            for cell in sorted {
                if indices.count > (merged.last ?? 0), indices.last == cell.column {
                    weights[weights.count - 1] += cell.weight
                } else {
                    indices.append(cell.column)
                    weights.append(cell.weight)
                }
            }
            merged.append(indices.count)
        }
        self.init(byRow: CompressedRows(columnCount: columns, offsets: merged, indices: indices, weights: weights))
    }

    init(byRow: CompressedRows) {
        self.byRow = byRow
        self.byColumn = byRow.transposed()
    }

    private init(byRow: CompressedRows, byColumn: CompressedRows) {
        (self.byRow, self.byColumn) = (byRow, byColumn)
    }

    /// Rows and columns exchanged.
    public var transposed: InteractionMatrix { InteractionMatrix(byRow: self.byColumn, byColumn: self.byRow) }

    /// All entries, by row and then column.
    public var entries: [Entry] {
        (0..<self.rowCount).flatMap { row in
            self.byRow.range(of: row).map { (Int32(truncatingIfNeeded: row), self.byRow.indices[$0], self.byRow.weights[$0]) }
        }
    }
}
