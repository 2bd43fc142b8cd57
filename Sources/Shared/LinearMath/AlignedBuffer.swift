/// Zeroed memory on cache-line boundaries, freed with its owner.
@safe package struct AlignedBuffer<Element: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
    // `@unchecked Sendable`: the memory has this one owner, and is written only through mutating functions.
    package let count: Int
    private let memory: UnsafeMutableRawPointer

    package init(count: Int) {
        self.count = count
        let bytes = max(count * MemoryLayout<Element>.stride, 1)
        unsafe self.memory = .allocate(byteCount: bytes, alignment: 64)
        unsafe self.memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }

    deinit { unsafe self.memory.deallocate() }

    /// Makes room for more elements, the new ones zero.
    package mutating func grow(to count: Int) {
        precondition(count >= self.count, "A buffer only grows.")
        let larger = Self(count: count)
        unsafe larger.memory.copyMemory(from: self.memory, byteCount: self.count * MemoryLayout<Element>.stride)
        self = larger
    }

    @unsafe package var pointer: UnsafePointer<Element> {
        unsafe UnsafePointer(self.memory.assumingMemoryBound(to: Element.self))
    }

    @unsafe package var mutablePointer: UnsafeMutablePointer<Element> {
        mutating get { unsafe self.memory.assumingMemoryBound(to: Element.self) }
    }
}
