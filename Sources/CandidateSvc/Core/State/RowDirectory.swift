internal import Domain

/// Finds the row of a person. Identifiers that lie close together, as those of most stores do, are found by one access instead of a hash.
struct RowDirectory: Sendable {
    /// Identifiers up to so many times the number of people are kept in an array.
    private static let sparsity = 8

    /// By identifier; −1 for nobody.
    private var dense: [Int32] = []
    private var sparse: [UserID: Int32] = [:]
    private var count = 0

    subscript(_ id: UserID) -> Int32? {
        let place = Int(truncatingIfNeeded: id.rawValue)
        if place >= 0, place < self.dense.count, self.dense[place] >= 0 { return self.dense[place] }
        // Who came while the array was too short for them stays where they are.
        return self.sparse.isEmpty ? nil : self.sparse[id]
    }

    mutating func insert(_ id: UserID, _ row: Int32) {
        self.count += 1
        let place = Int(truncatingIfNeeded: id.rawValue)
        guard place >= 0, place < max(65_536, Self.sparsity * self.count) else {
            self.sparse[id] = row
            return
        }
        if place >= self.dense.count {
            let length = max(place + 1, self.dense.count * 3 / 2)
            self.dense.reserveCapacity(length)
            self.dense += repeatElement(-1, count: length - self.dense.count)
        }
        self.dense[place] = row
    }

    /// - Returns: The row that the person had.
    mutating func remove(_ id: UserID) -> Int32? {
        guard let row = self[id] else { return nil }
        self.count -= 1
        let place = Int(truncatingIfNeeded: id.rawValue)
        if place >= 0, place < self.dense.count, self.dense[place] >= 0 {
            self.dense[place] = -1
        } else {
            self.sparse[id] = nil
        }
        return row
    }
}
