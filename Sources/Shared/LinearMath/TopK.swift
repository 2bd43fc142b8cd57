/// The best `capacity` hits of a stream: a bounded heap whose root is the worst one kept. NaN scores are ignored.
@frozen public struct TopK: Sendable {
    public let capacity: Int
    @usableFromInline var heap: [Hit] = []

    @inlinable public init(capacity: Int) {
        precondition(capacity >= 0, "A negative number of hits can't be kept.")
        self.capacity = capacity
        self.heap.reserveCapacity(min(capacity, 4096))
    }

    public var count: Int { self.heap.count }

    /// No hit with a lower score gets in; -infinity until the heap is full.
    @inlinable public var threshold: Float {
        self.heap.count < self.capacity ? -.infinity : self.heap.first?.score ?? .infinity
    }

    @inlinable public mutating func push(row: Int32, score: Float) {
        guard score >= self.threshold else { return }
        self.insert(Hit(row: row, score: score))
    }

    /// What was kept, best first.
    public consuming func sorted() -> [Hit] {
        self.heap.sort(by: >)
        return self.heap
    }

    @usableFromInline mutating func insert(_ hit: Hit) {
        if self.heap.count < self.capacity {
            self.heap.append(hit)
            self.siftUp(from: self.heap.count - 1)
        } else if let worst = self.heap.first, worst < hit {
            self.heap[0] = hit
            self.siftDown()
        }
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child] < self.heap[parent] else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in (2 * parent + 1)...(2 * parent + 2) where child < self.heap.count && self.heap[child] < self.heap[least] {
                least = child
            }
            guard least != parent else { return }
            self.heap.swapAt(least, parent)
            parent = least
        }
    }
}
