/// User-based neighbours: what those who act alike have.
public struct UserKNN: Sendable {
    public let graph: NeighbourGraph
    private let rows: CompressedRows

    public static func fit(_ matrix: InteractionMatrix, _ parameters: NeighbourParameters, threads: Int = 2) -> UserKNN {
        UserKNN(
            graph: NeighbourGraph(of: matrix.byRow, transposed: matrix.byColumn, parameters, threads: threads), rows: matrix.byRow)
    }

    /// Adds the scores of every column for a row of the matrix.
    public func addScores(row: Int, into scores: inout [Float]) {
        let lists = self.graph.neighbours
        for neighbour in lists.range(of: row) {
            let similarity = lists.weights[neighbour]
            for entry in self.rows.range(of: Int(lists.indices[neighbour])) {
                scores[Int(self.rows.indices[entry])] += similarity * self.rows.weights[entry]
            }
        }
    }
}
