/// A split with its ids replaced by row and column numbers.
struct SplitData: Sendable {
    struct Interaction: Sendable {
        var row: Int32
        var column: Int32
        var time: Int64
    }

    /// Ids of the people, ascending; of both sides where they are the same.
    let rowIDs: [Int64]
    /// Ids of what can be recommended, ascending.
    let columnIDs: [Int64]
    /// Rows and columns are the same people.
    let sameIDs: Bool
    /// Whether test follows train in time: train has times, and test, where it has them too, lies behind each person's train.
    let isTemporal: Bool
    /// Each cell once, with its latest time; by row and then column.
    let train: [Interaction]
    /// The people to rank for, ascending, and what was held out of theirs.
    let test: [(user: Int64, items: Set<Int64>)]

    init(directory: String, sameIDs: Bool) throws(SplitEvaluationError) {
        let train = try TabSeparatedFile.read(directory + "/train.tsv")
        let test = try TabSeparatedFile.read(directory + "/test.tsv")
        guard !train.isEmpty else { throw SplitEvaluationError(.emptySplit, "\(directory)/train.tsv has no rows.") }
        self.init(train: train, test: test, sameIDs: sameIDs)
    }

    init(train: [TabSeparatedFile.Row], test: [TabSeparatedFile.Row], sameIDs: Bool) {
        var users = Set(train.map(\.first))
        var items = Set(train.map(\.second))
        if sameIDs {
            users.formUnion(items)
            items = users
        }
        self.sameIDs = sameIDs
        self.rowIDs = users.sorted()
        self.columnIDs = items.sorted()
        let rows = Self.numbers(self.rowIDs)
        let columns = Self.numbers(self.columnIDs)
        // Every id of train has its number; of a cell's repetitions the latest stays.
        let cells = train.compactMap { line -> Interaction? in
            guard let row = rows[line.first], let column = columns[line.second] else { return nil }
            return Interaction(row: row, column: column, time: line.time ?? 0)
        }.sorted { ($0.row, $0.column, $0.time) < ($1.row, $1.column, $1.time) }
        var merged: [Interaction] = []
        merged.reserveCapacity(cells.count)
        for cell in cells {
            if let last = merged.last, last.row == cell.row, last.column == cell.column { merged.removeLast() }
            merged.append(cell)
        }
        self.train = merged
        let hasTimes = train.allSatisfy { $0.time != nil } && Set(train.lazy.map(\.time)).count > 1
        self.isTemporal = hasTimes && Self.follows(test, after: train)
        self.test = Dictionary(grouping: test, by: \.first).map { ($0.key, Set($0.value.map(\.second))) }.sorted { $0.0 < $1.0 }
    }

    /// Whether what test holds of a person happened after what train holds; of nearly all people, since clocks are coarse. Test without
    /// times is taken to follow: why else would train have them?
    private static func follows(_ test: [TabSeparatedFile.Row], after train: [TabSeparatedFile.Row]) -> Bool {
        var last: [Int64: Int64] = [:]
        for row in train { last[row.first] = max(last[row.first] ?? .min, row.time ?? .min) }
        var first: [Int64: Int64] = [:]
        for row in test {
            guard let time = row.time else { return true }
            first[row.first] = min(first[row.first] ?? .max, time)
        }
        let known = first.filter { last[$0.key] != nil }
        let following = known.count { $0.value >= last[$0.key] ?? .max }
        return Double(following) >= 0.9 * Double(known.count)
    }

    func matrix(of interactions: some Sequence<Interaction>) -> InteractionMatrix {
        InteractionMatrix(
            rows: self.rowIDs.count, columns: self.columnIDs.count, entries: interactions.map { ($0.row, $0.column, 1) })
    }

    static func numbers(_ ids: [Int64]) -> [Int64: Int32] {
        Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) })
    }
}
