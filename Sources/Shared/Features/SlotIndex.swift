/// Slot numbers by identifier: open addressing with linear probing, at most half full.
package struct SlotIndex: Sendable {
    private struct Entry {
        var identifier: UInt64 = 0
        /// Negative in a free entry.
        var slot: Int32 = -1
    }

    private var entries = [Entry](repeating: Entry(), count: 16)
    /// 64 less the binary logarithm of the number of entries.
    private var shift: UInt64 = 60
    package private(set) var count = 0

    package init() {}

    /// - Parameter capacity: How many identifiers find room without another allocation.
    package init(capacity: Int) {
        while self.entries.count < 2 * capacity { self.resize(reinserting: false) }
    }

    package subscript(identifier: UInt64) -> Int? {
        let entries = self.entries.span
        var position = self.home(of: identifier)
        while entries[position].slot >= 0 {
            if entries[position].identifier == identifier { return Int(entries[position].slot) }
            position = (position + 1) & (entries.count - 1)
        }
        return nil
    }

    /// Adds an identifier, unless it is there.
    /// - Returns: Whether it was added.
    @discardableResult
    package mutating func insert(_ identifier: UInt64, slot: Int) -> Bool {
        precondition(slot >= 0, "A slot can't be negative.")
        if 2 * (self.count + 1) > self.entries.count { self.resize(reinserting: true) }
        var position = self.home(of: identifier)
        var entries = self.entries.mutableSpan
        while entries[position].slot >= 0 {
            if entries[position].identifier == identifier { return false }
            position = (position + 1) & (entries.count - 1)
        }
        entries[position] = Entry(identifier: identifier, slot: Int32(slot))
        self.count += 1
        return true
    }

    /// - Returns: The slot that the identifier had.
    @discardableResult
    package mutating func remove(_ identifier: UInt64) -> Int? {
        let mask = self.entries.count - 1
        var position = self.home(of: identifier)
        while self.entries[position].slot >= 0, self.entries[position].identifier != identifier { position = (position + 1) & mask }
        guard self.entries[position].slot >= 0 else { return nil }
        let slot = Int(self.entries[position].slot)
        // Close the gap: whoever probed past it moves up (Knuth, TAOCP 6.4, algorithm R).
        var gap = position
        position = (position + 1) & mask
        while self.entries[position].slot >= 0 {
            let home = self.home(of: self.entries[position].identifier)
            if (position - home) & mask >= (position - gap) & mask {
                self.entries[gap] = self.entries[position]
                gap = position
            }
            position = (position + 1) & mask
        }
        self.entries[gap] = Entry()
        self.count -= 1
        return slot
    }

    /// Fibonacci hashing: identifiers are mostly consecutive, and their products with 2⁶⁴/φ lie far apart.
    @inline(__always)
    private func home(of identifier: UInt64) -> Int { Int((identifier &* 0x9E37_79B9_7F4A_7C15) >> self.shift) }

    private mutating func resize(reinserting: Bool) {
        let old = self.entries
        self.entries = [Entry](repeating: Entry(), count: 2 * old.count)
        self.shift -= 1
        guard reinserting else { return }
        self.count = 0
        for entry in old where entry.slot >= 0 { self.insert(entry.identifier, slot: Int(entry.slot)) }
    }
}
