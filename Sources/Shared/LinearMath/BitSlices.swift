internal import CKernels

/// Weighted sums over bitmaps, kept as bit slices: 64 rows are added up in one operation (O'Neil & Quass 1997).
///
/// Only the words in which the mask has a bit are looked at, so a sum costs what the people in question cost, not all there are.
/// One value is meant to be used again and again: it keeps its memory.
public struct BitSlices: Sendable {
    /// Sums up to this are exact, larger ones wrap around.
    public static let greatestSum = 1 << Int(DUET_PLANES) - 1
    /// Bitmaps that may be added.
    public static let capacity = 64
    /// Sums are told apart in steps of this.
    public static let levelWidth = 4
    public static let levels = (Self.greatestSum + 1) / Self.levelWidth

    /// Bitmaps added so far.
    public private(set) var count = 0
    /// Word of the mask that each slot stands for.
    private var positions: [Int32] = []
    /// Slot of each word of the mask, −1 where the mask has no bit.
    private var slots: [Int32] = []
    private var mask: [UInt64] = []
    /// One row of slots for each bitmap added.
    private var bitmaps: [UInt64] = []
    private var weights: [UInt8] = []
    private var planes: [UInt64] = []

    public init() {}

    /// Starts over for the rows of a mask.
    public mutating func reset(mask: Bitmap) {
        let words = mask.words
        self.count = 0
        self.weights.removeAll(keepingCapacity: true)
        self.bitmaps.removeAll(keepingCapacity: true)
        self.positions.removeAll(keepingCapacity: true)
        self.mask.removeAll(keepingCapacity: true)
        if self.slots.count < words.count { self.slots = [Int32](repeating: -1, count: words.count) }
        for index in words.indices {
            if words[index] == 0 {
                self.slots[index] = -1
            } else {
                self.slots[index] = Int32(truncatingIfNeeded: self.positions.count)
                self.positions.append(Int32(truncatingIfNeeded: index))
                self.mask.append(words[index])
            }
        }
        for index in words.count..<self.slots.count { self.slots[index] = -1 }
        // The kernel takes four words at a time.
        while self.mask.count % 4 != 0 {
            self.mask.append(0)
            self.positions.append(0)
        }
    }

    /// Adds a weight to the rows of one bitmap, those of another one left out.
    public mutating func add(_ weight: Int, rows bitmap: Bitmap, except other: Bitmap? = nil) {
        let (words, excluded) = (bitmap.words, other?.words ?? [])
        unsafe self.append(weight) { column, positions, mask, _ in
            for slot in 0..<column.count {
                let position = Int(positions[slot])
                var word = position < words.count ? words[position] : 0
                if position < excluded.count { word &= ~excluded[position] }
                unsafe column[slot] = word & mask[slot]
            }
        }
    }

    /// Adds a weight to rows given one by one.
    public mutating func add(_ weight: Int, rows: [Int32]) {
        unsafe self.append(weight) { column, _, mask, slots in
            for row in rows where Int(row) >> 6 < slots.count {
                let slot = Int(slots[Int(row) >> 6])
                if slot >= 0 { unsafe column[slot] |= mask[slot] & (1 << UInt64(row & 63)) }
            }
        }
    }

    /// Leaves out from here on whoever no bitmap added so far holds.
    public mutating func keepHeld() {
        let words = self.mask.count
        for slot in 0..<words {
            var held: UInt64 = 0
            for index in 0..<self.count { held |= self.bitmaps[index * words + slot] }
            self.mask[slot] = held
        }
    }

    /// Adds up. To be called once everything was added.
    public mutating func sum() {
        let words = self.mask.count
        let needed = Int(DUET_PLANES) * words
        if self.planes.count < needed { self.planes = [UInt64](repeating: 0, count: needed) }
        unsafe duet_weigh_bitmaps(self.bitmaps, self.weights, self.count, words, &self.planes)
    }

    /// Calls `body` with each row whose sum, divided by ``levelWidth``, is `level`, and with the bitmaps that hold the row: bit `i` for
    /// the one added as number `i`.
    public func forEachRow(level: Int, _ body: (_ row: Int32, _ holders: UInt64) -> Void) {
        let words = self.mask.count
        let (planes, mask, bitmaps, positions) = (self.planes, self.mask, self.bitmaps, self.positions)
        for slot in 0..<words {
            var rest = mask[slot]
            for plane in 2..<Int(DUET_PLANES) {
                let slice = planes[plane * words + slot]
                rest &= level >> (plane - 2) & 1 == 1 ? slice : ~slice
            }
            while rest != 0 {
                let bit = rest.trailingZeroBitCount
                rest &= rest - 1
                var holders: UInt64 = 0
                for index in 0..<self.count { holders |= (bitmaps[index * words + slot] >> UInt64(bit) & 1) << UInt64(index) }
                body(positions[slot] << 6 | Int32(truncatingIfNeeded: bit), holders)
            }
        }
    }

    /// Appends a bitmap of no rows, which `fill` gets with the positions and the mask of its words and the slot of each of the mask's.
    @inline(__always)
    private mutating func append(
        _ weight: Int, _ fill: (UnsafeMutableBufferPointer<UInt64>, [Int32], [UInt64], [Int32]) -> Void
    ) {
        precondition(self.count < Self.capacity, "No more than 64 bitmaps can be told apart.")
        precondition((0...Self.greatestSum).contains(weight), "A weight must lie in 0...127.")
        let start = self.bitmaps.count
        self.bitmaps.append(contentsOf: repeatElement(0, count: self.mask.count))
        self.weights.append(UInt8(weight))
        self.count += 1
        let (positions, mask, slots) = (self.positions, self.mask, self.slots)
        unsafe self.bitmaps.withUnsafeMutableBufferPointer { all in
            unsafe fill(UnsafeMutableBufferPointer(rebasing: all[start...]), positions, mask, slots)
        }
    }
}
