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

    /// The share of all exposure that the least shown share of the catalogue gets, at 0, 1, … 100 hundredths of the catalogue.
    public var lorenzCurve: [Double] {
        let never = max(0, self.catalogueSize - self.exposures.count)
        let counts = [Int](repeating: 0, count: never) + self.exposures.values.sorted()
        let total = Double(counts.reduce(0, +))
        guard total > 0 else { return [] }
        var sums = [0.0]
        for count in counts { sums.append((sums.last ?? 0) + Double(count) / total) }
        return (0...100).map { sums[$0 * counts.count / 100] }
    }
}
