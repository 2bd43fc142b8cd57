import Training
import Testing

@Test("Entries of one cell are merged, whatever their order, and both orientations agree")
func merging() {
    let entries: [InteractionMatrix.Entry] = [(2, 1, 1), (0, 3, 2), (2, 1, 0.5), (0, 0, 1), (2, 0, 4)]
    let matrix = InteractionMatrix(rows: 3, columns: 4, entries: entries)
    #expect(matrix.entries.map { [Float($0.row), Float($0.column), $0.weight] } == [[0, 0, 1], [0, 3, 2], [2, 0, 4], [2, 1, 1.5]])
    #expect(matrix.byRow.degree(of: 1) == 0)
    #expect(Array(matrix.byColumn.columns(of: 0)) == [0, 2])
    #expect(matrix.byRow.contains(row: 2, column: 1))
    #expect(!matrix.byRow.contains(row: 2, column: 3))
    #expect(!matrix.byRow.contains(row: 1, column: 0))
    let reversed = InteractionMatrix(rows: 3, columns: 4, entries: entries.reversed())
    #expect(reversed.byRow.weights == matrix.byRow.weights)
    #expect(matrix.transposed.byRow.indices == matrix.byColumn.indices)
}

@Test("An empty matrix is a matrix")
func empty() {
    let matrix = InteractionMatrix(rows: 2, columns: 0, entries: [])
    #expect(matrix.rowCount == 2)
    #expect(matrix.columnCount == 0)
    #expect(matrix.entries.isEmpty)
}
