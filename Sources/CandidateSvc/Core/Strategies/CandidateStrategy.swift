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

/// Memory of searches, kept between requests so that none of them allocates columns.
struct Scratch {
    /// Sums by row; all zero between searches.
    private var scores: [Float] = []
    /// Rows whose sum is not zero.
    private var touched: [Int32] = []
    /// Position of a row in the merged list, −1 if it is in none.
    var slots: [Int32] = []
    var slices = BitSlices()

    mutating func prepare(capacity: Int) {
        guard self.scores.count < capacity else { return }
        self.scores = [Float](repeating: 0, count: capacity)
        self.slots = [Int32](repeating: -1, count: capacity)
        self.touched = []
    }

    /// Adds a positive amount to everybody at the other end of the edges, somebody left out.
    mutating func add(_ amount: Float, to edges: [Edge], except skipped: Int) {
        var touched: [Int32] = []
        swap(&touched, &self.touched)
        // A span is checked once for being the only reference, an array at each write.
        var scores = self.scores.mutableSpan
        for edge in edges where edge.row != skipped {
            if scores[edge.row] == 0 { touched.append(Int32(edge.row)) }
            scores[edge.row] += amount
        }
        swap(&touched, &self.touched)
    }

    /// Adds an amount to some people.
    mutating func add(_ amount: Float, to rows: [Int32]) {
        var touched: [Int32] = []
        swap(&touched, &self.touched)
        var scores = self.scores.mutableSpan
        for row in rows {
            if scores[Int(row)] == 0 { touched.append(row) }
            scores[Int(row)] += amount
        }
        swap(&touched, &self.touched)
    }

    /// Hands out every sum, in no order; all sums are zero afterwards.
    mutating func drainEach(_ body: (Int32, Float) -> Void) {
        for row in self.touched {
            body(row, self.scores[Int(row)])
            self.scores[Int(row)] = 0
        }
        self.touched.removeAll(keepingCapacity: true)
    }

    /// The best sums, of those whom the bitmap holds; all sums are zero afterwards.
    mutating func drain(best count: Int, among people: Bitmap? = nil) -> [Hit] {
        let words = people?.words
        var touched: [Int32] = []
        swap(&touched, &self.touched)
        var best = TopK(capacity: count)
        var scores = self.scores.mutableSpan
        for row in touched {
            let score = scores[Int(row)]
            scores[Int(row)] = 0
            if let words, !words.holds(row) { continue }
            best.push(row: row, score: score)
        }
        touched.removeAll(keepingCapacity: true)
        swap(&touched, &self.touched)
        return best.sorted()
    }
}

extension [UInt64] {
    /// Whether the words of a bitmap hold a row.
    @inline(__always)
    func holds(_ row: Int32) -> Bool { self[Int(row) >> 6] >> UInt64(row & 63) & 1 == 1 }
}
