/// Features of many people in flat columns: what a feature store answers, and what pairs are computed from.
public struct PersonBatch: Sendable {
    public let count: Int
    /// Row-major, ``PersonSchema/width`` values a person.
    public let values: [Float]
    /// Number of factors; 0 without an embedding.
    public let dimension: Int
    /// Row-major, ``dimension`` factors a person; zeros for a person without factors.
    public let sourceFactors: [Float]
    public let targetFactors: [Float]
    /// How many of ``interests`` belong to each person.
    public let interestCounts: [UInt32]
    /// Hashed interests of all people, one person after the other, each sorted.
    public let interests: [UInt32]
    public let termCounts: [UInt32]
    public let terms: [UInt32]

    /// Where each person's interests and terms begin; one more than there are people.
    let interestOffsets: [Int32]
    let termOffsets: [Int32]

    /// Adopts columns.
    /// - Throws: ``FeatureError/Code/shapeMismatch`` if their lengths contradict each other or a value isn't finite.
    public init(
        count: Int, values: [Float], dimension: Int, sourceFactors: [Float], targetFactors: [Float], interestCounts: [UInt32],
        interests: [UInt32], termCounts: [UInt32], terms: [UInt32]
    ) throws(FeatureError) {
        let (cells, isTooLarge) = count.multipliedReportingOverflow(by: dimension)
        guard !isTooLarge, count >= 0, dimension >= 0, values.count == count * PersonSchema.width, sourceFactors.count == cells,
            targetFactors.count == cells, interestCounts.count == count, termCounts.count == count
        else { throw FeatureError(.shapeMismatch, "The columns of \(count) people don't have the lengths that they should have.") }
        guard let interestOffsets = Self.offsets(interestCounts, total: interests.count),
            let termOffsets = Self.offsets(termCounts, total: terms.count)
        else { throw FeatureError(.shapeMismatch, "The counts of hashed terms don't add up to their number.") }
        guard Self.areFinite(values), Self.areFinite(sourceFactors), Self.areFinite(targetFactors) else {
            throw FeatureError(.shapeMismatch, "A column holds a value that is not a finite number.")
        }
        self.count = count
        self.values = values
        self.dimension = dimension
        self.sourceFactors = sourceFactors
        self.targetFactors = targetFactors
        self.interestCounts = interestCounts
        self.interests = interests
        self.termCounts = termCounts
        self.terms = terms
        self.interestOffsets = interestOffsets
        self.termOffsets = termOffsets
    }

    /// Gathers people. Whoever has another number of factors than `dimension` counts as having none.
    public init(_ people: [PersonFeatures], dimension: Int) {
        precondition(dimension >= 0, "A number of factors can't be negative.")
        var values: [Float] = []
        var source: [Float] = []
        var target: [Float] = []
        values.reserveCapacity(people.count * PersonSchema.width)
        source.reserveCapacity(people.count * dimension)
        target.reserveCapacity(people.count * dimension)
        let none = [Float](repeating: 0, count: dimension)
        for person in people {
            values += person.values
            let isWhole = person.sourceFactors.count == dimension && person.targetFactors.count == dimension
            source += isWhole ? person.sourceFactors : none
            target += isWhole ? person.targetFactors : none
        }
        self.count = people.count
        self.values = values
        self.dimension = dimension
        self.sourceFactors = source
        self.targetFactors = target
        self.interestCounts = people.map { UInt32($0.interests.count) }
        self.interests = people.flatMap(\.interests)
        self.termCounts = people.map { UInt32($0.terms.count) }
        self.terms = people.flatMap(\.terms)
        self.interestOffsets = Self.offsets(self.interestCounts)
        self.termOffsets = Self.offsets(self.termCounts)
    }

    /// One person's value.
    public subscript(person: Int, column: PersonSchema.Column) -> Float {
        self.values[person * PersonSchema.width + column.rawValue]
    }

    /// One person's hashed interests, ascending.
    public func interests(of person: Int) -> ArraySlice<UInt32> {
        self.interests[Int(self.interestOffsets[person])..<Int(self.interestOffsets[person + 1])]
    }

    /// One person's hashed biography terms, ascending.
    public func terms(of person: Int) -> ArraySlice<UInt32> {
        self.terms[Int(self.termOffsets[person])..<Int(self.termOffsets[person + 1])]
    }

    private static func offsets(_ counts: [UInt32]) -> [Int32] {
        var offsets: [Int32] = [0]
        offsets.reserveCapacity(counts.count + 1)
        var sum: Int32 = 0
        for count in counts {
            sum += Int32(count)
            offsets.append(sum)
        }
        return offsets
    }

    private static func offsets(_ counts: [UInt32], total: Int) -> [Int32]? {
        guard total <= Int32.max, counts.reduce(UInt64(0), { $0 + UInt64($1) }) == UInt64(total) else { return nil }
        return Self.offsets(counts)
    }

    /// A sum times zero is zero exactly when every addend is finite, and vectorises.
    private static func areFinite(_ values: [Float]) -> Bool {
        var lanes = SIMD8<Float>.zero
        var index = 0
        while index + 8 <= values.count {
            for lane in 0..<8 { lanes[lane] += values[index + lane] * 0 }
            index += 8
        }
        while index < values.count {
            lanes[0] += values[index] * 0
            index += 1
        }
        return lanes.sum() == 0
    }
}
