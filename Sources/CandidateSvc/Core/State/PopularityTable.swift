#if canImport(Glibc)
    internal import Glibc
#endif

/// How people are received by others, and everybody roughly in that order.
struct PopularityTable: Sendable {
    /// Weight of the prior, in opinions: half of them likes.
    private static let prior: Float = 10
    /// Grades that one point of score is divided into; people of one grade are in no order.
    private static let gradesPerPoint: Float = 64

    private var likes: [Int32] = []
    private var passes: [Int32] = []
    /// Smoothed rate of likes times the logarithm of their number: liked often, and by many.
    private(set) var scores: [Float] = []
    /// People by grade, the least popular first.
    private(set) var grades: [[Int32]] = Array(repeating: [], count: 1024)
    private var gradeOf: [Int16] = []
    /// Where somebody stands in their grade.
    private var placeOf: [Int32] = []

    /// No score in a grade is above this.
    static func bound(ofGrade grade: Int) -> Float { grade == 1023 ? .infinity : Float(grade + 1) / Self.gradesPerPoint }

    mutating func addRow() {
        self.likes.append(0)
        self.passes.append(0)
        self.scores.append(0)
        self.gradeOf.append(0)
        self.placeOf.append(Int32(self.grades[0].count))
        self.grades[0].append(Int32(self.scores.count - 1))
    }

    func opinions(of row: Int) -> Int { Int(self.likes[row] + self.passes[row]) }

    mutating func add(likes: Int32, passes: Int32, to row: Int) {
        self.likes[row] += likes
        self.passes[row] += passes
        let received = Float(self.likes[row])
        let rate = (received + Self.prior / 2) / (received + Float(self.passes[row]) + Self.prior)
        self.scores[row] = rate * log1pf(received)
        self.move(row, to: min(1023, Int(self.scores[row] * Self.gradesPerPoint)))
    }

    private mutating func move(_ row: Int, to grade: Int) {
        let previous = Int(self.gradeOf[row])
        guard grade != previous else { return }
        let place = Int(self.placeOf[row])
        let last = self.grades[previous].removeLast()
        if place < self.grades[previous].count {
            self.grades[previous][place] = last
            self.placeOf[Int(last)] = Int32(place)
        }
        self.gradeOf[row] = Int16(grade)
        self.placeOf[row] = Int32(self.grades[grade].count)
        self.grades[grade].append(Int32(row))
    }
}
