import LinearMath
import Training

/// People who mostly take what their own group likes.
func groupedInteractions(
    people: Int, items: Int, groups: Int, perPerson: Int, seed: UInt64 = 1
) -> [(row: Int32, column: Int32, weight: Float)] {
    var generator = SeededGenerator(seed: seed)
    return (0..<people).flatMap { person -> [(row: Int32, column: Int32, weight: Float)] in
        var chosen = Set<Int>()
        while chosen.count < perPerson {
            let item = Int.random(in: 0..<items, using: &generator)
            if item % groups == person % groups || generator.uniform() < 0.1 { chosen.insert(item) }
        }
        return chosen.sorted().map { (Int32(person), Int32($0), 1) }
    }
}
