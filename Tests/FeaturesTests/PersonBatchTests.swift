import Domain
import Features
import Testing

@Suite struct PersonBatchTests {
    static let people = [
        PersonFeaturesTests.rich, PersonFeatures.make(profile: person(interests: ["a", "b", "c"]), behaviour: BehaviourCounters()),
    ]

    @Test("Columns read back are the batch that was sent")
    func columns() throws {
        let batch = PersonBatch(Self.people, dimension: 2)
        let copy = try PersonBatch(
            count: batch.count, values: batch.values, dimension: batch.dimension, sourceFactors: batch.sourceFactors,
            targetFactors: batch.targetFactors, interestCounts: batch.interestCounts, interests: batch.interests,
            termCounts: batch.termCounts, terms: batch.terms)
        #expect(batch.sourceFactors == [1, 2, 0, 0])
        #expect(batch.interestCounts == [2, 3])
        #expect(copy[1, .gender] == 3)
        let moment = RequestMoment(now)
        #expect(PairFeatures(viewer: 0, in: copy, moment: moment).vector(1) == PairFeatures(viewer: 0, in: batch, moment: moment).vector(1))
    }

    @Test(
        "Columns that contradict each other are refused",
        arguments: [
            (1, 27, 2, 2, [1], 1), (1, 26, 2, 2, [0], 0), (1, 27, 2, 3, [0], 0), (1, 27, 2, 2, [0, 0], 0),
            (1, 27, -1, 2, [0], 0), (-1, 27, 2, 2, [0], 0), (2, 54, Int.max, 2, [0, 0], 0), (1, 27, 2, 2, [UInt32.max], 0),
        ])
    func contradictions(count: Int, values: Int, dimension: Int, factors: Int, counts: [UInt32], interests: Int) {
        #expect(throws: FeatureError.self) {
            try PersonBatch(
                count: count, values: .init(repeating: 0, count: values), dimension: dimension,
                sourceFactors: .init(repeating: 0, count: factors), targetFactors: .init(repeating: 0, count: 2),
                interestCounts: counts, interests: [], termCounts: .init(repeating: 0, count: counts.count),
                terms: .init(repeating: 0, count: interests))
        }
    }

    @Test("A number that isn't finite is refused, wherever it stands", arguments: [0, 7, 8, 26])
    func notFinite(position: Int) {
        for value in [Float.nan, .infinity, -.infinity] {
            var values = [Float](repeating: 0, count: PersonSchema.width)
            values[position] = value
            #expect(throws: FeatureError.self) {
                try PersonBatch(
                    count: 1, values: values, dimension: 0, sourceFactors: [], targetFactors: [], interestCounts: [0], interests: [],
                    termCounts: [0], terms: [])
            }
        }
    }
}
