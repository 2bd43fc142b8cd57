internal import Domain
internal import LinearMath

/// Which genders each person's likes go to.
struct TasteTable: Sendable {
    /// Likes that a person must have given before anything is inferred from them.
    static let minimumLikes: Int32 = 5

    /// Likes given, by row and gender of the liked.
    private var counts: [Int32] = []
    /// People whose likes don't rule out a gender: too few yet, or at least one went there.
    private(set) var openTo: [Bitmap] = Gender.allCases.map { _ in Bitmap(count: 0) }

    private static var width: Int { Gender.allCases.count }

    mutating func addRow(capacity: Int) {
        let row = self.counts.count / Self.width
        self.counts.append(contentsOf: repeatElement(0, count: Self.width))
        for index in self.openTo.indices {
            if self.openTo[index].count < capacity { self.openTo[index].grow(to: capacity) }
            self.openTo[index][row] = true
        }
    }

    func likes(of row: Int, to gender: Gender) -> Int32 { self.counts[row * Self.width + gender.index] }

    mutating func add(_ amount: Int32, of row: Int, to gender: Gender) {
        self.counts[row * Self.width + gender.index] += amount
        let given = self.counts[(row * Self.width)..<((row + 1) * Self.width)]
        let isSettled = given.reduce(0, +) >= Self.minimumLikes
        for (index, likes) in given.enumerated() { self.openTo[index][row] = !isSettled || likes > 0 }
    }

    /// Genders that get at least `share` of the person's likes; `nil` while there are too few to tell.
    func genders(of row: Int, share: Double) -> [Gender]? {
        let given = self.counts[(row * Self.width)..<((row + 1) * Self.width)]
        let total = given.reduce(0, +)
        guard total >= Self.minimumLikes else { return nil }
        let least = share * Double(total)
        return Gender.allCases.filter { Double(self.likes(of: row, to: $0)) >= least }
    }
}
