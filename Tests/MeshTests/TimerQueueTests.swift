import Mesh
import Testing

/// With a clock of the test's own, and a thread that is only told of.
@Suite("Timers")
struct TimerQueueTests {
    private static let grain = TimerQueue<String>.grain

    /// What is due, in order.
    private static func due(_ queue: inout TimerQueue<String>, at now: UInt64) -> [String] {
        var due: [String] = []
        while let element = queue.pop(dueAt: now) { due.append(element) }
        return due
    }

    @Test("The alarm is wound only to something earlier than it rings for, and not while the thread is awake")
    func winding() {
        var queue = TimerQueue<String>()
        let whileAwake = queue.push(at: 8 * Self.grain, "eight")
        #expect(whileAwake == nil)
        let first = queue.sleep()
        #expect(first == 8 * Self.grain)
        let later = queue.push(at: 9 * Self.grain, "nine")
        #expect(later == nil)
        let earlier = queue.push(at: 3 * Self.grain, "three")
        #expect(earlier == 3 * Self.grain)
        queue.wake(rang: true)
        let due = Self.due(&queue, at: 3 * Self.grain)
        #expect(due == ["three"])
        let next = queue.sleep()
        #expect(next == 8 * Self.grain)
    }

    @Test("An alarm that didn't ring stays wound, and one that rang for nothing is wound again")
    func early() {
        var queue = TimerQueue<String>()
        _ = queue.push(at: 8 * Self.grain, "eight")
        _ = queue.sleep()
        queue.wake(rang: false)
        let still = queue.sleep()
        #expect(still == nil)
        queue.wake(rang: true)
        let due = Self.due(&queue, at: 8 * Self.grain - 1)
        #expect(due.isEmpty)
        let again = queue.sleep()
        #expect(again == 8 * Self.grain)
    }

    @Test("What is due at nearly one time costs one waking, and nothing is early")
    func grains() {
        var queue = TimerQueue<String>()
        _ = queue.sleep()
        let first = queue.push(at: 4 * Self.grain + 1, "a")
        let second = queue.push(at: 4 * Self.grain + 2, "b")
        #expect(first == 5 * Self.grain && second == nil)
        let early = Self.due(&queue, at: 5 * Self.grain - 1)
        let due = Self.due(&queue, at: 5 * Self.grain)
        #expect(early.isEmpty && due.sorted() == ["a", "b"])
        let never = queue.push(at: .max, "never")
        let alarm = queue.sleep()
        #expect(never == nil && alarm == nil)
    }

    @Test("What was added in any order is due in order")
    func order() {
        var queue = TimerQueue<String>()
        for index in [5, 2, 9, 1, 7, 3, 8, 4, 6] { _ = queue.push(at: UInt64(index) * Self.grain, "\(index)") }
        let first = Self.due(&queue, at: 4 * Self.grain)
        let rest = Self.due(&queue, at: 20 * Self.grain)
        #expect(first == ["1", "2", "3", "4"] && rest == ["5", "6", "7", "8", "9"])
    }
}
