/// What is due when, and when the alarm of the thread that sees to it must ring: who adds something winds the alarm, and wakes nobody.
///
/// Pure: the alarm itself is ``SerialThread``'s.
package struct TimerQueue<Element> {
    /// Alarms ring on multiples of so many nanoseconds, so that what is due at nearly one time costs one waking; late by that at most.
    package static var grain: UInt64 { 1_000_000 }

    private var heap = TimerHeap<Element>()
    /// When the alarm rings; `.max`: it isn't wound.
    private var alarm = UInt64.max
    private var isAwake = true

    package init() {}

    package var isAsleep: Bool { !self.isAwake }

    /// - Returns: What to wind the alarm to; `nil` when it rings early enough, or the thread looks by itself before it sleeps.
    package mutating func push(at instant: UInt64, _ element: Element) -> UInt64? {
        let instant = Self.roundedUp(instant)
        self.heap.push(at: instant, element)
        guard !self.isAwake, instant < self.alarm else { return nil }
        self.alarm = instant
        return instant
    }

    /// - Parameter rang: The alarm did, and is to be wound again.
    package mutating func wake(rang: Bool) {
        self.isAwake = true
        if rang { self.alarm = .max }
    }

    package mutating func pop(dueAt now: UInt64) -> Element? { self.heap.pop(dueAt: now) }

    /// The thread goes to sleep.
    ///
    /// - Returns: What to wind the alarm to; `nil` when it is right. One that rings too early is left, as it does no harm.
    package mutating func sleep() -> UInt64? {
        self.isAwake = false
        guard let next = self.heap.next, next < self.alarm else { return nil }
        self.alarm = next
        return next
    }

    private static func roundedUp(_ instant: UInt64) -> UInt64 {
        let (sum, overflows) = instant.addingReportingOverflow(self.grain - 1)
        return overflows ? .max : sum / self.grain * self.grain
    }
}

/// A binary heap of what is due when.
struct TimerHeap<Element> {
    private var entries: [(instant: UInt64, element: Element)] = []

    var next: UInt64? { self.entries.first?.instant }

    mutating func push(at instant: UInt64, _ element: Element) {
        self.entries.append((instant, element))
        var index = self.entries.count - 1
        while index > 0, self.entries[index].instant < self.entries[(index - 1) / 2].instant {
            self.entries.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func pop(dueAt now: UInt64) -> Element? {
        guard let first = self.entries.first, first.instant <= now else { return nil }
        self.entries.swapAt(0, self.entries.count - 1)
        self.entries.removeLast()
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < self.entries.count {
                if self.entries[child].instant < self.entries[smallest].instant { smallest = child }
            }
            if smallest == index { return first.element }
            self.entries.swapAt(index, smallest)
            index = smallest
        }
    }
}
