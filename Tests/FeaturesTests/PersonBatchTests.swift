import Domain
import Features
import Testing

@Suite struct PersonBatchTests {
    static let people = [
        PersonFeaturesTests.rich, PersonFeatures.make(profile: person(interests: ["a", "b", "c"]), behaviour: BehaviourCounters()),
    ]

    /// The rows of an answer to a call for these people; `nil` isn't known.
    static func rows(_ people: [PersonFeatures?], dimension: Int) -> [UInt32] {
        people.reduce(into: []) { words, person in
            if let person { person.write(to: &words, dimension: dimension) } else { words.append(PersonRow.absent) }
        }
    }

    @Test("Rows read back are the people that were sent, without those who aren't known")
    func rows() throws {
        let batch = PersonBatch(Self.people, dimension: 2)
        var copy = PersonBatch(dimension: 2)
        let known = try copy.append(rows: Self.rows([nil, Self.people[0], nil, Self.people[1], nil], dimension: 2), count: 5)
        #expect(known == [1, 3] && copy.count == 2)
        #expect(try copy.append(rows: Self.rows([Self.people[0]], dimension: 2), count: 1) == [0])
        for (row, person) in [(0, Self.people[0]), (1, Self.people[1]), (2, Self.people[0])] {
            #expect(try copy.features(of: row) == person)
        }
        var third = PersonBatch(Self.people, dimension: 2)
        third.append([1, 2, 1], of: copy)
        #expect(third.count == 5 && third.interests(of: 4).elementsEqual(Self.people[1].interests))
        #expect(try third.features(of: 3) == Self.people[0])
        #expect(copy[1, .gender] == 3 && copy.interests(of: 1).elementsEqual(Self.people[1].interests))
        #expect(copy.terms(of: 2).elementsEqual(Self.people[0].terms))
        let moment = RequestMoment(now)
        let vector = PairFeatures(viewer: 0, in: batch, moment: moment).vector(1)
        #expect(PairFeatures(viewer: 0, in: copy, moment: moment).vector(1) == vector)
        #expect(PairFeatures(viewer: 2, in: copy, moment: moment).vector(1) == vector)
    }

    @Test("Factors of another number than the batch's are left out")
    func dimension() throws {
        let row = Self.rows([Self.people[0]], dimension: 3)
        #expect(PersonRow.Head(word: row[0]).dimension == 0)
        #expect(try PersonBatch(Self.people, dimension: 3).features(of: 0).sourceFactors.isEmpty)
    }

    @Test("Rows that are cut short, too many, or of other factors are refused and leave the batch as it was")
    func contradictions() throws {
        let row = Self.rows([Self.people[0]], dimension: 2)
        var refused: [(words: [UInt32], count: Int)] = [(row, 0), (row, 2), (row + [7], 2), (row + row, 1), ([], 1), (row + [0], 1)]
        for length in 1..<row.count { refused.append((Array(row.prefix(length)), 1)) }
        refused.append(([PersonRow.Head(interests: 0, terms: 0, dimension: 1).word] + [UInt32](repeating: 0, count: 29), 1))
        for (words, count) in refused {
            var batch = PersonBatch(dimension: 2)
            #expect(try batch.append(rows: row, count: 1) == [0])
            #expect(throws: FeatureError.self) { try batch.append(rows: words, count: count) }
            #expect(batch.count == 1)
        }
    }

    @Test("A number that isn't finite is refused, wherever it stands", arguments: [1, 8, 27, -4, -1])
    func notFinite(position: Int) {
        for value in [Float.nan, .infinity, -.infinity] {
            var words = Self.rows([Self.people[0]], dimension: 2)
            words[position < 0 ? words.count + position : position] = value.bitPattern
            var batch = PersonBatch(dimension: 2)
            #expect(throws: FeatureError.self) { try batch.append(rows: words, count: 1) }
        }
    }
}
