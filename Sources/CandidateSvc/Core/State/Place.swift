internal import Domain

#if canImport(Glibc)
    internal import Glibc
#endif

/// A point on the unit sphere: distances become one dot product.
struct Direction: Sendable {
    var x, y, z: Double

    init(x: Double, y: Double, z: Double) { (self.x, self.y, self.z) = (x, y, z) }

    init(_ coordinate: Coordinate) {
        let latitude = coordinate.latitude * .pi / 180
        let longitude = coordinate.longitude * .pi / 180
        self.x = cos(latitude) * cos(longitude)
        self.y = cos(latitude) * sin(longitude)
        self.z = sin(latitude)
    }

    /// Squared length of the chord between two points, in radii: grows with the distance and stays precise for small ones.
    func chordSquared(to other: Direction) -> Double {
        let (dx, dy, dz) = (self.x - other.x, self.y - other.y, self.z - other.z)
        return dx * dx + dy * dy + dz * dz
    }

    /// The squared chord of a great-circle distance; beyond half the circumference everybody is within reach.
    static func chordSquared(kilometres: Double) -> Double {
        let halfAngle = min(kilometres / Self.earthRadius / 2, .pi / 2)
        let chord = 2 * sin(halfAngle)
        return halfAngle >= .pi / 2 ? .infinity : chord * chord
    }

    /// Kilometres, as in ``Coordinate/kilometres(to:)``.
    static let earthRadius: Double = 6371
}

/// One distinct location text and the people who gave it.
struct Place: Sendable {
    /// Lower-cased UTF-8.
    let text: [UInt8]
    var people = RowSet()
    /// Where the first of them with a coordinate was; stands in for those without one.
    var direction: Direction?

    /// Whether the text contains `needle`; no character is special.
    func contains(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first else { return true }
        guard self.text.count >= needle.count else { return false }
        for start in 0...(self.text.count - needle.count) where self.text[start] == first {
            if self.text[start..<(start + needle.count)].elementsEqual(needle) { return true }
        }
        return false
    }
}

extension [Int32] {
    /// Removes one row from an unordered list of people.
    mutating func removeRow(_ row: Int) {
        guard let index = self.firstIndex(of: Int32(row)) else { return }
        self.swapAt(index, self.count - 1)
        self.removeLast()
    }
}
