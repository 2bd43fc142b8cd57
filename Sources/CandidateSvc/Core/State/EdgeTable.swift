/// An edge to another person: who, what it says in two bits, and since when.
struct Edge: Hashable, Sendable {
    private let key: UInt32
    /// Seconds since 1970.
    let time: UInt32

    init(row: Int, label: UInt8, time: UInt32) {
        self.key = UInt32(row) << 2 | UInt32(label & 3)
        self.time = time
    }

    var row: Int { Int(self.key >> 2) }
    var label: UInt8 { UInt8(self.key & 3) }
}

/// A directed, labelled graph of people, readable from both ends; at most one edge for each ordered pair.
struct EdgeTable: Sendable {
    /// By row, sorted by the other's row.
    private(set) var outgoing: [[Edge]] = []
    private(set) var incoming: [[Edge]] = []
    private(set) var count = 0

    mutating func addRow() {
        self.outgoing.append([])
        self.incoming.append([])
    }

    func edge(from: Int, to: Int) -> Edge? {
        let edges = self.outgoing[from]
        let index = Self.lowerBound(edges, to)
        guard index < edges.count, edges[index].row == to else { return nil }
        return edges[index]
    }

    /// Adds the edge or changes what it says.
    ///
    /// - Returns: The label before, `nil` if there was no edge.
    @discardableResult
    mutating func set(from: Int, to: Int, label: UInt8, time: UInt32) -> UInt8? {
        let previous = Self.set(&self.outgoing[from], Edge(row: to, label: label, time: time))
        Self.set(&self.incoming[to], Edge(row: from, label: label, time: time))
        if previous == nil { self.count += 1 }
        return previous
    }

    /// What became of an edge that was to be set.
    enum Outcome {
        /// There is one that is later already.
        case outdated
        /// Set; with the label before, `nil` if there was no edge.
        case set(UInt8?)
    }

    /// Adds the edge or changes what it says, unless it says something later already.
    mutating func setLatest(from: Int, to: Int, label: UInt8, time: UInt32) -> Outcome {
        let edge = Edge(row: to, label: label, time: time)
        let index = Self.lowerBound(self.outgoing[from], to)
        if index < self.outgoing[from].count, self.outgoing[from][index].row == to {
            let previous = self.outgoing[from][index]
            guard previous.time <= time else { return .outdated }
            self.outgoing[from][index] = edge
            Self.set(&self.incoming[to], Edge(row: from, label: label, time: time))
            return .set(previous.label)
        }
        self.outgoing[from].insert(edge, at: index)
        Self.set(&self.incoming[to], Edge(row: from, label: label, time: time))
        self.count += 1
        return .set(nil)
    }

    /// - Returns: The label before, `nil` if there was no edge.
    @discardableResult
    mutating func remove(from: Int, to: Int) -> UInt8? {
        guard let previous = Self.remove(&self.outgoing[from], to) else { return nil }
        Self.remove(&self.incoming[to], from)
        self.count -= 1
        return previous
    }

    /// Removes every edge of a person, both ways.
    mutating func removeEdges(of row: Int) {
        for edge in self.outgoing[row] { Self.remove(&self.incoming[edge.row], row) }
        for edge in self.incoming[row] { Self.remove(&self.outgoing[edge.row], row) }
        self.count -= self.outgoing[row].count + self.incoming[row].count
        self.outgoing[row] = []
        self.incoming[row] = []
    }

    @discardableResult
    private static func set(_ edges: inout [Edge], _ edge: Edge) -> UInt8? {
        let index = Self.lowerBound(edges, edge.row)
        guard index < edges.count, edges[index].row == edge.row else {
            edges.insert(edge, at: index)
            return nil
        }
        defer { edges[index] = edge }
        return edges[index].label
    }

    @discardableResult
    private static func remove(_ edges: inout [Edge], _ row: Int) -> UInt8? {
        let index = Self.lowerBound(edges, row)
        guard index < edges.count, edges[index].row == row else { return nil }
        return edges.remove(at: index).label
    }

    private static func lowerBound(_ edges: [Edge], _ row: Int) -> Int {
        guard let last = edges.last, last.row >= row else { return edges.count }
        var low = 0
        var high = edges.count - 1
        while low < high {
            let middle = (low + high) / 2
            if edges[middle].row < row { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
