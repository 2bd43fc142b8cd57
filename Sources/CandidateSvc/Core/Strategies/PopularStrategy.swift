internal import Domain
internal import LinearMath

/// People whom many like, among those of the genders that the viewer shows interest in.
struct PopularStrategy: CandidateStrategy {
    let source = CandidateSource.popular
    /// Up to this many people are looked at one by one; among more, those of the highest grades are.
    var fewest = 1024

    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit] {
        let people = query.eligibility.preferred
        let scores = state.popularity.scores
        var best = TopK(capacity: count)
        guard query.eligibility.preferredCount > self.fewest else {
            people.forEachRow { row in best.push(row: Int32(truncatingIfNeeded: row), score: scores[row]) }
            return best.sorted()
        }
        let words = people.words
        let grades = state.popularity.grades
        for grade in grades.indices.reversed() where !grades[grade].isEmpty {
            guard PopularityTable.bound(ofGrade: grade) >= best.threshold else { break }
            for row in grades[grade] where words.holds(row) { best.push(row: row, score: scores[Int(row)]) }
        }
        return best.sorted()
    }
}
