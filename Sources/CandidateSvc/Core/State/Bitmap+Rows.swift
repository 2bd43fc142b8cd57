internal import LinearMath

extension Bitmap {
    /// Makes room for more rows, which are not set.
    mutating func grow(to count: Int) { self = Bitmap(count: count, words: self.words) }

    mutating func removeAll() { self = Bitmap(count: self.count) }

    /// Calls `body` with each set bit in order; inlined where the module's border would cost a call a bit.
    @inline(__always)
    func forEachRow(_ body: (Int) -> Void) {
        let words = self.words
        for index in 0..<words.count {
            var rest = words[index]
            while rest != 0 {
                body(index << 6 | rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }
}
