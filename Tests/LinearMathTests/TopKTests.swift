import LinearMath
import Testing

@Test("The best hits are those of a full sort, ties by the lower row", arguments: [0, 1, 7, 100, 1000, 5000])
func topKMatchesSort(capacity: Int) {
    var generator = SeededGenerator(seed: 3)
    let hits = (0..<1000).map { Hit(row: Int32($0), score: Float(Int.random(in: 0..<50, using: &generator))) }
    var top = TopK(capacity: capacity)
    for hit in hits.shuffled(using: &generator) { top.push(row: hit.row, score: hit.score) }
    let expected = hits.sorted { $0.score != $1.score ? $0.score > $1.score : $0.row < $1.row }.prefix(capacity)
    #expect(top.sorted() == Array(expected))
}

@Test("A score that is not a number is ignored")
func topKIgnoresNaN() {
    var top = TopK(capacity: 2)
    top.push(row: 0, score: .nan)
    top.push(row: 1, score: -1)
    #expect(top.sorted() == [Hit(row: 1, score: -1)])
}
