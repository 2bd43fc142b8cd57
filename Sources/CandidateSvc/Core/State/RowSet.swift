internal import LinearMath

/// People who have something in common: as a list, in no order, and beside it as a bitmap where they are many.
struct RowSet: Sendable {
    /// A list is kept alone while it has fewer people than this, or less than a 64th of all: a bitmap would cost more than it saves.
    private static let fewest = 128

    private(set) var rows: [Int32] = []
    private(set) var bitmap: Bitmap?

    /// - Parameter capacity: Rows that there may be at present.
    mutating func insert(_ row: Int, capacity: Int) {
        self.rows.append(Int32(row))
        if let count = self.bitmap?.count {
            if count < capacity { self.bitmap?.grow(to: capacity) }
            self.bitmap?[row] = true
        } else if self.rows.count >= max(Self.fewest, capacity / 64) {
            var bitmap = Bitmap(count: capacity)
            for row in self.rows { bitmap[Int(row)] = true }
            self.bitmap = bitmap
        }
    }

    mutating func remove(_ row: Int) {
        guard let index = self.rows.firstIndex(of: Int32(row)) else { return }
        self.rows.swapAt(index, self.rows.count - 1)
        self.rows.removeLast()
        self.bitmap?[row] = false
    }

    /// As a bitmap, whether one is kept or not.
    func bitmap(capacity: Int) -> Bitmap {
        if let bitmap = self.bitmap { return bitmap }
        var bitmap = Bitmap(count: capacity)
        bitmap.formUnion(self)
        return bitmap
    }
}

extension Bitmap {
    mutating func formUnion(_ set: RowSet) {
        if let bitmap = set.bitmap {
            self.formUnion(bitmap)
        } else {
            for row in set.rows { self[Int(row)] = true }
        }
    }
}

extension Bitmap {
    mutating func subtract(_ set: RowSet) {
        if let bitmap = set.bitmap {
            self.subtract(bitmap)
        } else {
            for row in set.rows where Int(row) < self.count { self[Int(row)] = false }
        }
    }
}

extension BitSlices {
    /// Adds a weight to the rows of a set.
    mutating func add(_ weight: Int, rows set: RowSet) {
        if let bitmap = set.bitmap { self.add(weight, rows: bitmap) } else { self.add(weight, rows: set.rows) }
    }
}
