/// The best `capacity` hits of a stream: a bounded heap whose root is the worst one kept. NaN scores are ignored.
@frozen public struct TopK: Sendable {
    public let capacity: Int
    /// No hit with a lower score gets in; -infinity until the heap is full.
    public private(set) var threshold: Float
    /// ``Hit/key`` of each hit kept; a heap as soon as it is full.
    private var keys: [UInt64] = []

    public init(capacity: Int) {
        precondition(capacity >= 0, "A negative number of hits can't be kept.")
        self.capacity = capacity
        self.threshold = capacity > 0 ? -.infinity : .infinity
        self.keys.reserveCapacity(min(capacity, 4096))
    }

    public var count: Int { self.keys.count }

    @inlinable public mutating func push(row: Int32, score: Float) {
        // Most of a stream fails this test, which needs no call.
        if score >= self.threshold { self.insert(Hit(row: row, score: score)) }
    }

    /// What was kept, best first.
    public consuming func sorted() -> [Hit] {
        self.keys.sort(by: >)
        return self.keys.map { Hit(key: $0) }
    }

    @usableFromInline mutating func insert(_ hit: Hit) {
        let key = hit.key
        if self.keys.count < self.capacity {
            self.keys.append(key)
            guard self.keys.count == self.capacity else { return }
            for parent in stride(from: self.capacity / 2 - 1, through: 0, by: -1) { self.siftDown(self.keys[parent], from: parent) }
        } else {
            guard let worst = self.keys.first, worst < key else { return }
            self.siftDown(key, from: 0)
        }
        self.threshold = Hit(key: self.keys[0]).score
    }

    /// Puts `key` where it belongs below `start`, whose own key has gone.
    private mutating func siftDown(_ key: UInt64, from start: Int) {
        unsafe self.keys.withUnsafeMutableBufferPointer { keys in
            var parent = start
            var child = 2 * parent + 1
            while child < keys.count {
                if unsafe child + 1 < keys.count && keys[child + 1] < keys[child] { child += 1 }
                guard unsafe keys[child] < key else { break }
                unsafe keys[parent] = keys[child]
                parent = child
                child = 2 * parent + 1
            }
            unsafe keys[parent] = key
        }
    }
}
