internal import LinearMath

/// Sums and marks by person, kept between searches of one task.
struct CandidateScratch {
    private var sums: [Float] = []
    private var touched: [Int32] = []
    private var marks: [Bool] = []

    mutating func prepare(_ count: Int) {
        guard self.sums.count < count else { return }
        self.sums = .init(repeating: 0, count: count)
        self.marks = .init(repeating: false, count: count)
    }

    /// - Parameter amount: Positive.
    mutating func add(_ amount: Float, to person: Int32) {
        if self.sums[Int(person)] == 0 { self.touched.append(person) }
        self.sums[Int(person)] += amount
    }

    /// The people with the largest sums, which are set back to zero.
    mutating func best(_ count: Int) -> [Hit] {
        var best = TopK(capacity: count)
        for person in self.touched {
            best.push(row: person, score: self.sums[Int(person)])
            self.sums[Int(person)] = 0
        }
        self.touched.removeAll(keepingCapacity: true)
        return best.sorted()
    }

    /// False if the person was marked already.
    mutating func mark(_ person: Int32) -> Bool {
        guard !self.marks[Int(person)] else { return false }
        self.marks[Int(person)] = true
        return true
    }

    mutating func unmark(_ people: [Int]) {
        for person in people { self.marks[person] = false }
    }
}
