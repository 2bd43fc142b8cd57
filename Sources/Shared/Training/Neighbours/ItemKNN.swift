/// Item-based neighbours: what is similar to what a row has.
public struct ItemKNN: Sendable {
    public let graph: NeighbourGraph

    public static func fit(_ matrix: InteractionMatrix, _ parameters: NeighbourParameters, threads: Int = 2) -> ItemKNN {
        ItemKNN(graph: NeighbourGraph(of: matrix.byColumn, transposed: matrix.byRow, parameters, threads: threads))
    }

    /// Adds the scores of every column for a row with these interactions.
    public func addScores(columns: ArraySlice<Int32>, weights: ArraySlice<Float>, into scores: inout [Float]) {
        let lists = self.graph.neighbours
        for (column, weight) in zip(columns, weights) {
            for entry in lists.range(of: Int(column)) { scores[Int(lists.indices[entry])] += weight * lists.weights[entry] }
        }
    }
}
