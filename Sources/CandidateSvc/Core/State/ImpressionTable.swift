internal import Domain

/// Who was shown to whom lately and has not been answered, and how often each person was shown today.
struct ImpressionTable: Sendable {
    private struct Shown {
        var row: Int32
        var count: UInt16
        /// Of the latest time, counted from 1970.
        var day: UInt16
    }

    /// People remembered for a viewer; of more, those shown longest ago go.
    private static let capacity = 1024

    /// By viewer, sorted by the row of the person shown.
    private var shown: [[Shown]] = []
    /// By person, of `today`.
    private var exposures: [Int32] = []
    private var today: UInt16 = 0
    /// Days after which an impression is forgotten.
    var memory: UInt16 = 30

    static func day(of moment: Timestamp) -> UInt16 { UInt16(clamping: moment.rawValue / 86_400_000_000) }

    mutating func addRow() {
        self.shown.append([])
        self.exposures.append(0)
    }

    /// Pairs that are remembered.
    var count: Int { self.shown.reduce(0) { $0 + $1.count } }

    /// How often somebody was shown to anybody on a day.
    func exposure(of row: Int, on day: UInt16) -> Int { day == self.today ? Int(self.exposures[row]) : 0 }

    /// How often one was shown to another without an answer, as long as the last time is not too long ago.
    func impressions(of row: Int, on viewer: Int, day: UInt16) -> Int {
        let shown = self.shown[viewer]
        let index = Self.lowerBound(shown, Int32(row))
        guard index < shown.count, shown[index].row == row, self.isFresh(shown[index], day) else { return 0 }
        return Int(shown[index].count)
    }

    /// Calls `body` with everybody who was shown to a viewer at least so often.
    func forEachTired(of viewer: Int, times: Int, day: UInt16, _ body: (Int) -> Void) {
        for shown in self.shown[viewer] where Int(shown.count) >= times && self.isFresh(shown, day) { body(Int(shown.row)) }
    }

    mutating func add(_ row: Int, shownTo viewer: Int, day: UInt16) {
        if day > self.today {
            self.today = day
            for index in self.exposures.indices { self.exposures[index] = 0 }
        }
        if day == self.today { self.exposures[row] += 1 }
        let index = Self.lowerBound(self.shown[viewer], Int32(row))
        if index < self.shown[viewer].count, self.shown[viewer][index].row == row {
            let previous = self.shown[viewer][index]
            let count = self.isFresh(previous, day) ? previous.count : 0
            self.shown[viewer][index] = Shown(row: Int32(row), count: count &+ 1, day: max(day, previous.day))
        } else {
            self.shown[viewer].insert(Shown(row: Int32(row), count: 1, day: day), at: index)
            if self.shown[viewer].count > Self.capacity { self.forgetOldest(of: viewer, day) }
        }
    }

    /// The viewer answered: counting starts anew.
    mutating func forget(_ row: Int, shownTo viewer: Int) {
        guard self.today > 0, !self.shown[viewer].isEmpty else { return }
        let index = Self.lowerBound(self.shown[viewer], Int32(row))
        if index < self.shown[viewer].count, self.shown[viewer][index].row == row { self.shown[viewer].remove(at: index) }
    }

    /// Forgets what was shown to somebody who left, and how often they were.
    mutating func remove(_ row: Int) {
        self.shown[row] = []
        self.exposures[row] = 0
    }

    private func isFresh(_ shown: Shown, _ day: UInt16) -> Bool { Int(day) - Int(shown.day) < Int(self.memory) }

    private mutating func forgetOldest(of viewer: Int, _ day: UInt16) {
        let days = self.shown[viewer].map(\.day).sorted()
        let median = days[days.count / 2]
        self.shown[viewer].removeAll { $0.day < median }
        // All of one day: those shown least.
        if self.shown[viewer].count > Self.capacity { self.shown[viewer].removeAll { $0.count == 1 } }
        if self.shown[viewer].count > Self.capacity { self.shown[viewer].removeFirst(Self.capacity / 2) }
    }

    private static func lowerBound(_ shown: [Shown], _ row: Int32) -> Int {
        var (low, high) = (0, shown.count)
        while low < high {
            let middle = (low + high) / 2
            if shown[middle].row < row { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
