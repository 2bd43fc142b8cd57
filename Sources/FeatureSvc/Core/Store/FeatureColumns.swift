internal import Domain
internal import Features

/// Features of people in columns, as a call answers them.
struct FeatureColumns: Sendable {
    var people: [UserID] = []
    var values: [Float] = []
    var dimension = 0
    var sourceFactors: [Float] = []
    var targetFactors: [Float] = []
    var interestCounts: [UInt32] = []
    var interests: [UInt32] = []
    var termCounts: [UInt32] = []
    var terms: [UInt32] = []
    /// Empty where the version asked for has no factors.
    var embeddingVersion = ""

    init(capacity: Int, table: EmbeddingTable?) {
        if let table, table.count > 0 {
            self.dimension = table.dimension
            self.embeddingVersion = table.version
        }
        self.people.reserveCapacity(capacity)
        self.values.reserveCapacity(capacity * PersonSchema.width)
        self.sourceFactors.reserveCapacity(capacity * self.dimension)
        self.targetFactors.reserveCapacity(capacity * self.dimension)
        self.interestCounts.reserveCapacity(capacity)
        self.interests.reserveCapacity(capacity * 8)
        self.termCounts.reserveCapacity(capacity)
        self.terms.reserveCapacity(capacity * 16)
    }

    mutating func append(_ id: UserID, _ features: PersonFeatures, _ table: EmbeddingTable?) {
        self.people.append(id)
        self.values.append(contentsOf: features.values)
        self.interestCounts.append(UInt32(features.interests.count))
        self.interests.append(contentsOf: features.interests)
        self.termCounts.append(UInt32(features.terms.count))
        self.terms.append(contentsOf: features.terms)
        guard self.dimension > 0 else { return }
        if let table, let range = table.range(of: id) {
            self.sourceFactors.append(contentsOf: table.source[range])
            self.targetFactors.append(contentsOf: table.target[range])
        } else {
            self.sourceFactors.append(contentsOf: repeatElement(0, count: self.dimension))
            self.targetFactors.append(contentsOf: repeatElement(0, count: self.dimension))
        }
    }
}
