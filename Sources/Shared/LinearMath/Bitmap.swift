/// A fixed number of bits in 64-bit words; bits beyond `count` are always 0.
@frozen public struct Bitmap: Sendable, Hashable {
    public let count: Int
    /// Bit `i` is bit `i % 64` of word `i / 64`.
    @inlinable public var words: [UInt64] { self.storage }
    @usableFromInline var storage: [UInt64]

    public init(count: Int, repeating value: Bool = false) {
        precondition(count >= 0, "A bitmap has no negative length.")
        self.count = count
        self.storage = Array(repeating: value ? .max : 0, count: (count + 63) / 64)
        self.clearTail()
    }

    /// Takes whole words; missing ones are 0, bits beyond `count` are dropped.
    public init(count: Int, words: [UInt64]) {
        self.init(count: count)
        for index in 0..<min(words.count, self.storage.count) { self.storage[index] = words[index] }
        self.clearTail()
    }

    @inlinable public subscript(index: Int) -> Bool {
        get {
            precondition(index >= 0 && index < self.count, "The bit lies outside the bitmap.")
            return self.storage[index >> 6] >> UInt64(index & 63) & 1 == 1
        }
        set {
            precondition(index >= 0 && index < self.count, "The bit lies outside the bitmap.")
            let bit = UInt64(1) << UInt64(index & 63)
            if newValue { self.storage[index >> 6] |= bit } else { self.storage[index >> 6] &= ~bit }
        }
    }

    /// The number of bits that are set.
    public var popCount: Int {
        var total = 0
        for word in self.storage { total += word.nonzeroBitCount }
        return total
    }

    public var isEmpty: Bool { self.storage.allSatisfy { $0 == 0 } }

    /// Keeps what both hold. What the other one doesn't reach counts as 0, here and below.
    public mutating func formIntersection(_ other: Bitmap) {
        self.combine(other) { $0 & $1 }
        for index in min(self.storage.count, other.storage.count)..<self.storage.count { self.storage[index] = 0 }
    }

    public mutating func formUnion(_ other: Bitmap) {
        self.combine(other) { $0 | $1 }
        self.clearTail()
    }

    public mutating func subtract(_ other: Bitmap) { self.combine(other) { $0 & ~$1 } }

    /// Without bounds checks, which would keep the loop from being vectorised.
    @inline(__always)
    private mutating func combine(_ other: Bitmap, _ operation: (UInt64, UInt64) -> UInt64) {
        unsafe self.storage.withUnsafeMutableBufferPointer { words in
            unsafe other.storage.withUnsafeBufferPointer { others in
                for index in 0..<min(words.count, others.count) { unsafe words[index] = operation(words[index], others[index]) }
            }
        }
    }

    /// Flips every bit.
    public mutating func invert() {
        for index in self.storage.indices { self.storage[index] = ~self.storage[index] }
        self.clearTail()
    }

    /// Calls `body` with each set bit, in order.
    @inlinable public func forEachSet<Failure: Error>(_ body: (Int) throws(Failure) -> Void) throws(Failure) {
        for (index, word) in self.storage.enumerated() {
            var rest = word
            while rest != 0 {
                try body(index << 6 | rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }

    private mutating func clearTail() {
        guard self.count % 64 != 0 else { return }
        self.storage[self.storage.count - 1] &= (UInt64(1) << UInt64(self.count % 64)) - 1
    }
}
