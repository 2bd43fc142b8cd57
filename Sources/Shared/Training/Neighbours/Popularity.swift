/// The sum of the weights of each column.
public struct Popularity: Sendable {
    public let scores: [Float]

    public static func fit(_ matrix: InteractionMatrix) -> Popularity {
        Popularity(
            scores: (0..<matrix.columnCount).map { column in
                matrix.byColumn.range(of: column).reduce(Float(0)) { $0 + matrix.byColumn.weights[$1] }
            })
    }
}
