/// A fixed set of hashes with open addressing, for looking up many against one.
struct HashedSet: Sendable {
    private let slots: [UInt32]
    private let mask: Int
    private let containsZero: Bool
    let count: Int

    /// - Parameter hashes: Distinct.
    init(_ hashes: Span<UInt32>) {
        var size = 8
        while size < 4 * hashes.count { size *= 2 }
        var slots = [UInt32](repeating: 0, count: size)
        var containsZero = false
        for index in hashes.indices {
            let hash = hashes[index]
            guard hash != 0 else {
                containsZero = true
                continue
            }
            var slot = Int(hash) & (size - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = hash
        }
        self.slots = slots
        self.mask = size - 1
        self.containsZero = containsZero
        self.count = hashes.count
    }

    /// How many of the hashes in `others` are in this set.
    @inline(__always)
    func countShared(with others: Span<UInt32>) -> Int {
        let slots = self.slots.span
        var shared = 0
        for index in others.indices {
            let hash = others[index]
            var slot = Int(hash) & self.mask
            while slots[slot] != 0 {
                if slots[slot] == hash {
                    shared += 1
                    break
                }
                slot = (slot + 1) & self.mask
            }
            if hash == 0 && self.containsZero { shared += 1 }
        }
        return shared
    }
}
