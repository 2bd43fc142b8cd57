import Domain
import Features
import LinearMath
import Testing

/// What is computed from packed rows, held against the plain formulas for people of all sorts.
@Suite struct RandomPeopleTests {
    static func people(_ count: Int, dimension: Int, seed: UInt64) -> [PersonFeatures] {
        var generator = SeededGenerator(seed: seed)
        func maybe<Value>(_ value: Value) -> Value? { Int.random(in: 0..<4, using: &generator) == 0 ? nil : value }
        return (1...count).map { id in
            let age = maybe(Int.random(in: 18...90, using: &generator))
            let gender = maybe(Gender.allCases.randomElement(using: &generator) ?? .other)
            let place = (Double.random(in: -90...90, using: &generator), Double.random(in: -180...180, using: &generator))
            let words = (0..<Int.random(in: 0...40, using: &generator)).map { _ in "term\(Int.random(in: 0..<60, using: &generator))" }
            let interests = (0..<Int.random(in: 0...70, using: &generator)).map { _ in "i\(Int.random(in: 0..<99, using: &generator))" }
            let user = person(
                Int64(id), age: age, gender: gender, location: maybe("Place \(id % 5)"), at: maybe(place),
                bio: words.isEmpty ? nil : words.joined(separator: " "), interests: maybe(interests) ?? [])
            let judged = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                (age: Int.random(in: 18...90, using: &generator), gender: Gender.allCases.randomElement(using: &generator) ?? .other)
            }
            let counters = behaviour(
                liked: judged, disliked: Array(judged.prefix(2)), likedBy: judged.reversed().dropLast(1),
                lastActive: daysAgo(.random(in: -2...400, using: &generator)))
            func vector() -> [Float] { (0..<dimension).map { _ in .random(in: -2...2, using: &generator) } }
            let embedding = dimension > 0 ? maybe(Embedding(userID: user.id, source: vector(), target: vector())) : nil
            return PersonFeatures.make(profile: user, behaviour: counters, embedding: embedding)
        }
    }

    @Test("Pair features of packed rows are those of the plain formulas", arguments: [0, 1, 7, 8, 16, 27])
    func pairs(dimension: Int) throws {
        let people = Self.people(24, dimension: dimension, seed: UInt64(dimension))
        let batch = PersonBatch(people, dimension: dimension)
        // As they come over the mesh: behind others, with gaps.
        var sent = PersonBatch(dimension: dimension)
        _ = try sent.append(rows: PersonBatchTests.rows([people[0]], dimension: dimension), count: 1)
        _ = try sent.append(rows: PersonBatchTests.rows(people.flatMap { [nil, $0] }, dimension: dimension), count: 2 * people.count)
        var forward = [Float](repeating: .nan, count: PairSchema.width)
        var reverse = forward
        for viewer in people.indices {
            let pairs = PairFeatures(viewer: viewer + 1, in: sent, moment: RequestMoment(now))
            let trained = PairFeatures(viewer: viewer, in: batch, moment: RequestMoment(now))
            for candidate in people.indices where candidate != viewer {
                var forwardSpan = forward.mutableSpan
                var reverseSpan = reverse.mutableSpan
                pairs.compute(candidate + 1, into: &forwardSpan, reverse: &reverseSpan)
                #expect(forward == trained.vector(candidate), "Serving must see what training sees, to the bit.")
                for (vector, plain) in [
                    (forward, plainFeatures(people[viewer], people[candidate], now)),
                    (reverse, plainFeatures(people[candidate], people[viewer], now)),
                ] {
                    #expect(plain.count == PairSchema.width)
                    for (feature, value) in plain {
                        // Only the sums over factors are taken in another order.
                        let isSum = feature == .collaborativeScore || feature == .collaborativeCosine
                        #expect(abs(vector[feature.index] - value) <= (isSum ? 1e-4 : 0), "\(feature.rawValue)")
                    }
                }
            }
        }
    }

    @Test("Packed values of random people come back as they were")
    func packing() throws {
        for person in Self.people(200, dimension: 5, seed: 99) { #expect(try PersonFeatures(unpacking: person.pack()) == person) }
    }

    @Test("An index of slots says what a dictionary says", arguments: 1...4)
    func slots(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var index = SlotIndex(capacity: seed == 1 ? 500 : 0)
        var expected: [UInt64: Int] = [:]
        // Few and close identifiers, so that many probe past each other; and extremes.
        let identifiers = (0..<200).map { _ in UInt64.random(in: 0..<300, using: &generator) << (seed * 9) } + [0, .max, 1 << 63]
        for slot in 0..<4000 {
            guard let identifier = identifiers.randomElement(using: &generator) else { continue }
            if Bool.random(using: &generator) {
                #expect(index.insert(identifier, slot: slot) == (expected[identifier] == nil))
                expected[identifier] = expected[identifier] ?? slot
            } else {
                #expect(index.remove(identifier) == expected.removeValue(forKey: identifier))
            }
            #expect(index.count == expected.count)
        }
        for identifier in identifiers { #expect(index[identifier] == expected[identifier]) }
    }
}
