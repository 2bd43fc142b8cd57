internal import Features

/// Rows of people by identifier, all in one block of memory.
///
/// A person has a slot, which stays the same until they are removed, so that others can keep columns beside the rows.
package struct RowTable: Sendable {
    /// Blocks are whole multiples of this many words.
    private static let grain = 8

    private struct Slot {
        var identifier: UInt64
        var start: Int
        /// Words in use; 0 in a slot that nobody has.
        var length: Int
    }

    private var index = SlotIndex()
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    /// Starts of unused blocks, by their size in grains.
    private var freeBlocks: [[Int]] = []
    /// What ``range(of:)`` points into.
    package private(set) var words: [UInt32] = []

    package init() {}

    package var count: Int { self.index.count }
    /// One more than the greatest slot that was ever given.
    package var slotCount: Int { self.slots.count }

    package func slot(of identifier: UInt64) -> Int? { self.index[identifier] }

    /// Who has a slot; `nil` for a free one.
    package func identifier(at slot: Int) -> UInt64? { self.slots[slot].length > 0 ? self.slots[slot].identifier : nil }

    /// Where in ``words`` the row of a slot stands.
    package func range(of slot: Int) -> Range<Int> { self.slots[slot].start..<self.slots[slot].start + self.slots[slot].length }

    /// Adds or replaces a person's row.
    /// - Returns: The person's slot.
    @discardableResult
    package mutating func set(_ identifier: UInt64, row: Span<UInt32>) -> Int {
        precondition(!row.isEmpty, "A row has at least a head.")
        if let slot = self.index[identifier] {
            let old = self.slots[slot]
            if Self.grains(old.length) != Self.grains(row.count) {
                self.release(old)
                self.slots[slot].start = self.allocate(row.count)
            }
            self.slots[slot].length = row.count
            self.write(row, at: self.slots[slot].start)
            return slot
        }
        let place = Slot(identifier: identifier, start: self.allocate(row.count), length: row.count)
        let slot: Int
        if let free = self.freeSlots.popLast() {
            slot = free
            self.slots[slot] = place
        } else {
            slot = self.slots.count
            self.slots.append(place)
        }
        self.index.insert(identifier, slot: slot)
        self.write(row, at: place.start)
        return slot
    }

    /// Removes a person and wipes the row.
    /// - Returns: The slot that they had.
    @discardableResult
    package mutating func remove(_ identifier: UInt64) -> Int? {
        guard let slot = self.index.remove(identifier) else { return nil }
        let range = self.range(of: slot)
        for position in range { self.words[position] = 0 }
        self.release(self.slots[slot])
        self.slots[slot] = Slot(identifier: 0, start: 0, length: 0)
        self.freeSlots.append(slot)
        return slot
    }

    private static func grains(_ length: Int) -> Int { (length + Self.grain - 1) / Self.grain }

    private mutating func write(_ row: Span<UInt32>, at start: Int) {
        var words = self.words.mutableSpan
        for position in row.indices { words[start + position] = row[position] }
    }

    private mutating func allocate(_ length: Int) -> Int {
        let grains = Self.grains(length)
        if grains < self.freeBlocks.count, let block = self.freeBlocks[grains].popLast() { return block }
        let start = self.words.count
        self.words.append(contentsOf: repeatElement(0, count: grains * Self.grain))
        return start
    }

    private mutating func release(_ slot: Slot) {
        let grains = Self.grains(slot.length)
        while self.freeBlocks.count <= grains { self.freeBlocks.append([]) }
        self.freeBlocks[grains].append(slot.start)
    }
}
