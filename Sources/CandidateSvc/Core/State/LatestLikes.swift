/// The latest likes that each person gave and got: what a search follows, kept so that it need not look through all of them.
struct LatestLikes: Sendable {
    /// Likes kept at each end.
    static let limit = 32

    /// By row, the latest first, of equal times the lower row first.
    private(set) var given: [[Edge]] = []
    private(set) var received: [[Edge]] = []

    mutating func addRow() {
        self.given.append([])
        self.received.append([])
    }

    /// Notes a like, or a later one of the same pair.
    mutating func add(from: Int, to: Int, time: UInt32) {
        Self.add(Edge(row: to, label: Opinion.like.rawValue, time: time), to: &self.given[from])
        Self.add(Edge(row: from, label: Opinion.like.rawValue, time: time), to: &self.received[to])
    }

    /// Takes a like out, if there was one, and brings an older one back in its place.
    ///
    /// - Parameter opinions: As they are without it.
    mutating func remove(from: Int, to: Int, in opinions: borrowing EdgeTable) {
        Self.remove(to, from: &self.given[from], all: opinions.outgoing[from])
        Self.remove(from, from: &self.received[to], all: opinions.incoming[to])
    }

    private static func add(_ edge: Edge, to latest: inout [Edge]) {
        if let index = latest.firstIndex(where: { $0.row == edge.row }) { latest.remove(at: index) }
        guard let place = latest.firstIndex(where: { Self.isLater(edge, $0) }) else {
            if latest.count < Self.limit { latest.append(edge) }
            return
        }
        latest.insert(edge, at: place)
        if latest.count > Self.limit { latest.removeLast() }
    }

    private static func remove(_ row: Int, from latest: inout [Edge], all: [Edge]) {
        guard let index = latest.firstIndex(where: { $0.row == row }) else { return }
        guard latest.count == Self.limit else {
            latest.remove(at: index)
            return
        }
        latest = Array(all.filter(\.isPositive).sorted(by: Self.isLater).prefix(Self.limit))
    }

    private static func isLater(_ one: Edge, _ other: Edge) -> Bool {
        one.time > other.time || (one.time == other.time && one.row < other.row)
    }
}
