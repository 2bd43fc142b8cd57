internal import Domain
internal import LinearMath

/// A way of finding people for a viewer.
///
/// A strategy reads the state under its lock: it must not suspend, must bound its work, and proposes nobody outside the bitmaps.
protocol CandidateStrategy: Sendable {
    var source: CandidateSource { get }

    /// At most `count` people, best first, each once. Scores are comparable within one answer only.
    func propose(_ count: Int, for query: StrategyQuery, in state: borrowing CandidateState, _ scratch: inout Scratch) -> [Hit]
}

/// What all strategies are told about a request.
struct StrategyQuery {
    let viewerID: UserID
    /// `nil` for somebody whom the log has not brought yet.
    let viewer: Int?
    let eligibility: Eligibility
    let now: Timestamp

    /// Days since 1970: exploration changes once a day.
    var day: Int64 { self.now.rawValue / 86_400_000_000 }
}

/// Sums by row, kept between requests so that a search allocates no columns.
struct Scratch {
    private(set) var scores: [Float] = []
    private(set) var touched: [Int32] = []
    /// Position of a row in the merged list, −1 if it is in none.
    var slots: [Int32] = []

    mutating func prepare(capacity: Int) {
        guard self.scores.count < capacity else { return }
        self.scores = [Float](repeating: 0, count: capacity)
        self.slots = [Int32](repeating: -1, count: capacity)
        self.touched = []
    }

    /// - Parameter amount: Positive.
    @inline(__always)
    mutating func add(_ amount: Float, to row: Int) {
        if self.scores[row] == 0 { self.touched.append(Int32(row)) }
        self.scores[row] += amount
    }

    /// Sets all sums back to zero.
    mutating func clear() {
        for row in self.touched { self.scores[Int(row)] = 0 }
        self.touched.removeAll(keepingCapacity: true)
    }
}
