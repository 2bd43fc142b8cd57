import LinearMath
import Testing
import VectorIndex

/// Rows of wildly different lengths: the case that breaks one common scale.
private func rows(_ count: Int, dimension: Int, generator: inout SeededGenerator) -> [[Float]] {
    (0..<count).map { _ in
        let direction = (0..<dimension).map { _ in generator.gaussian() }
        let length = 0.05 + 1.95 * generator.uniform()
        let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return direction.map { Float($0 * length / norm) }
    }
}

private func bruteForce(_ rows: [[Float]], _ query: [Float], _ k: Int, where allowed: (Int) -> Bool = { _ in true }) -> [Hit] {
    let hits = rows.indices.filter(allowed).map { row in
        Hit(row: Int32(row), score: Float(zip(rows[row], query).reduce(0) { $0 + Double($1.0) * Double($1.1) }))
    }
    return Array(hits.sorted(by: >).prefix(k))
}

/// Equal but for the order of rows whose scores differ by rounding only.
private func expectSame(_ found: [Hit], _ expected: [Hit], _ comment: Comment) {
    #expect(found.count == expected.count, comment)
    for (a, b) in zip(found, expected) { #expect(abs(a.score - b.score) < 2e-6, comment) }
    #expect(Set(found.map(\.row)).count == found.count, comment)
    let worst = expected.last?.score ?? 0
    let clear = Set(expected.filter { $0.score > worst + 4e-6 }.map(\.row))
    #expect(clear.isSubset(of: Set(found.map(\.row))), comment)
}

@Test("Search finds what brute force finds", arguments: [(1, 8), (7, 16), (65, 10), (1003, 64), (3001, 128), (2000, 256), (4099, 16)])
func exactness(count: Int, dimension: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    let vectors = rows(count, dimension: dimension, generator: &generator)
    let index = VectorIndex(dimension: dimension)
    for (row, vector) in vectors.enumerated() { index.set(row: row, vector: vector) }
    #expect(index.count == count)
    for _ in 0..<10 {
        let query = (0..<dimension).map { _ in Float(generator.gaussian()) / Float(dimension).squareRoot() }
        for k in [1, 10, 100] {
            expectSame(index.search(query, count: k), bruteForce(vectors, query, k), "k = \(k)")
        }
    }
}

@Test("Only allowed rows are found, whether few or many", arguments: [2, 9, 30, 200])
func filtered(every step: Int) {
    var generator = SeededGenerator(seed: 4)
    let vectors = rows(5000, dimension: 32, generator: &generator)
    let index = VectorIndex(dimension: 32, capacity: 5000)
    index.setAll(vectors.flatMap { $0 })
    var allowed = Bitmap(count: 5000)
    for row in stride(from: 1, to: 5000, by: step) { allowed[row] = true }
    for _ in 0..<5 {
        let query = (0..<32).map { _ in Float(generator.gaussian()) / 6 }
        expectSame(
            index.search(query, count: 50, allowed: allowed), bruteForce(vectors, query, 50) { $0 % step == 1 % step },
            "every \(step)")
    }
    #expect(index.search(vectors[0], count: 5, allowed: Bitmap(count: 5000)).isEmpty)
}

@Test("A bitmap shorter than the index allows nothing beyond its end")
func shortBitmap() {
    let index = VectorIndex(dimension: 8)
    for row in 0..<200 { index.set(row: row, vector: [Float](repeating: Float(row), count: 8)) }
    let hits = index.search([Float](repeating: 1, count: 8), count: 3, allowed: Bitmap(count: 100, repeating: true))
    #expect(hits.map(\.row) == [99, 98, 97])
}

@Test("Removed rows and padding are never found, even when every score is negative")
func removal() {
    var generator = SeededGenerator(seed: 8)
    let index = VectorIndex(dimension: 16)
    var present: Set<Int32> = []
    for row in 0..<1001 {
        index.set(row: row, vector: (0..<16).map { _ in Float(-0.1 - generator.uniform()) })
        present.insert(Int32(row))
    }
    for row in stride(from: 0, to: 1001, by: 3) {
        index.remove(row: row)
        present.remove(Int32(row))
    }
    index.remove(row: 100_000)
    #expect(index.liveCount == present.count)
    let hits = index.search([Float](repeating: 1, count: 16), count: 5000)
    #expect(Set(hits.map(\.row)) == present)
    #expect(hits.allSatisfy { $0.score < 0 })
    let few = index.search([Float](repeating: 1, count: 16), count: 20)
    #expect(few == Array(hits.prefix(20)))
    #expect(index.vector(row: 0) == nil)
    #expect(index.scores([Float](repeating: 1, count: 16), rows: [0, 1]).first == -.infinity)
}

@Test("A zero query gives the first rows; ties go to the lower row")
func ties() {
    let index = VectorIndex(dimension: 8)
    for row in 0..<3000 { index.set(row: row, vector: [1, 2, 3, 4, 5, 6, 7, 8]) }
    #expect(index.search([Float](repeating: 0, count: 8), count: 3).map(\.row) == [0, 1, 2])
    #expect(index.search([Float](repeating: 1, count: 8), count: 4).map(\.row) == [0, 1, 2, 3])
}

@Test("What is not finite is refused")
func notFinite() {
    let index = VectorIndex(dimension: 8)
    index.set(row: 0, vector: [Float](repeating: 1, count: 8))
    #expect(!index.set(row: 0, vector: [1, 2, 3, .nan, 5, 6, 7, 8]))
    #expect(index.liveCount == 0)
    index.set(row: 1, vector: [Float](repeating: 1, count: 8))
    #expect(index.search([.infinity, 0, 0, 0, 0, 0, 0, 0], count: 3).isEmpty)
    #expect(index.search([Float](repeating: 1, count: 8), count: 3).map(\.row) == [1])
}

@Test("A replaced row is found by its new vector")
func replacement() {
    let index = VectorIndex(dimension: 8)
    for row in 0..<100 { index.set(row: row, vector: [Float](repeating: Float(row), count: 8)) }
    index.set(row: 3, vector: [Float](repeating: 1000, count: 8))
    #expect(index.search([Float](repeating: 1, count: 8), count: 2).map(\.row) == [3, 99])
    #expect(index.vector(row: 3) == [Float](repeating: 1000, count: 8))
}

@Test("Searches beside updates see whole vectors only")
func concurrency() async {
    let index = VectorIndex(dimension: 16)
    for row in 0..<500 { index.set(row: row, vector: [Float](repeating: 1, count: 16)) }
    await withTaskGroup(of: Void.self) { group in
        for writer in 0..<2 {
            group.addTask {
                for step in 0..<2000 {
                    let row = (step * 7 + writer) % 3000
                    if step % 5 == 4 { index.remove(row: row) } else { index.set(row: row, vector: [Float](repeating: 2, count: 16)) }
                }
            }
        }
        for _ in 0..<2 {
            group.addTask {
                for _ in 0..<300 {
                    let hits = index.search([Float](repeating: 1, count: 16), count: 10)
                    #expect(hits.allSatisfy { $0.score == 16 || $0.score == 32 })
                }
            }
        }
    }
}
