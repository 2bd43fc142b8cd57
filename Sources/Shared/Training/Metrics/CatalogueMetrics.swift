internal import LinearMath

/// How recommendations spread over those who can be recommended.
public struct CatalogueMetrics: Sendable, Hashable {
    private var exposures: [Int32: Int] = [:]
    private let catalogueSize: Int

    /// - Parameter catalogueSize: The number of items that could be recommended.
    public init(catalogueSize: Int) { self.catalogueSize = catalogueSize }

    public mutating func add(ranked: some Sequence<Int32>) {
        for item in ranked { self.exposures[item, default: 0] += 1 }
    }

    /// The share of the catalogue that was recommended to anybody.
    public var coverage: Double {
        self.catalogueSize > 0 ? min(1, Double(self.exposures.count) / Double(self.catalogueSize)) : 0
    }

    /// Gini coefficient of exposure over the whole catalogue.
    public var gini: Double {
        let never = max(0, self.catalogueSize - self.exposures.count)
        return Statistics.gini(self.exposures.values.map(Double.init) + [Double](repeating: 0, count: never))
    }
}
