internal import Domain

/// People by where they are: the sphere cut by a grid of cubes, so that a search opens the cells nearby and passes over the others.
struct CellGrid: Sendable {
    /// Edge of a cube in radii: 32 km.
    private static let edge = 0.005
    /// Half the diagonal of a cube, and a little for rounding: nobody in it is farther from its centre.
    private static let radius = Self.edge * 0.8661

    /// By cell; cells are never given up.
    private(set) var centres: [Direction] = []
    private(set) var rows: [[Int32]] = []
    private var cells: [UInt64: Int32] = [:]

    /// Moves somebody from one place to another; `nil` is nowhere.
    mutating func move(_ row: Int, from previous: Direction?, to current: Direction?) {
        let (old, new) = (previous.map(Self.key), current.map(Self.key))
        guard old != new else { return }
        if let old, let cell = self.cells[old] { self.rows[Int(cell)].removeRow(row) }
        if let new { self.rows[self.cell(new)].append(Int32(row)) }
    }

    /// The least squared chord from a point to anybody in a cell.
    @inline(__always)
    static func leastChordSquared(from origin: Direction, toCellAt centre: Direction) -> Double {
        let distance = max(0, origin.chordSquared(to: centre).squareRoot() - Self.radius)
        return distance * distance
    }

    private mutating func cell(_ key: UInt64) -> Int {
        if let cell = self.cells[key] { return Int(cell) }
        self.cells[key] = Int32(self.rows.count)
        self.rows.append([])
        self.centres.append(Self.centre(key))
        return self.rows.count - 1
    }

    /// The numbers of the cube on each axis, 16 bits each.
    private static func key(_ direction: Direction) -> UInt64 {
        func number(_ value: Double) -> UInt64 { UInt64(max(0, min(0xFFFF, ((value + 1) / Self.edge).rounded(.down)))) }
        return number(direction.x) << 32 | number(direction.y) << 16 | number(direction.z)
    }

    private static func centre(_ key: UInt64) -> Direction {
        func middle(_ shift: UInt64) -> Double { (Double(key >> shift & 0xFFFF) + 0.5) * Self.edge - 1 }
        return Direction(x: middle(32), y: middle(16), z: middle(0))
    }
}
