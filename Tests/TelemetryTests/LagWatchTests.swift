import Synchronization
import Telemetry
import Testing

@Suite("How far a reader is behind the log")
struct LagWatchTests {
    /// A clock that the test sets.
    private final class Hand: Sendable {
        private let start = ContinuousClock.now
        private let offset = Mutex(Duration.zero)

        var now: ContinuousClock.Instant { self.start.advanced(by: self.offset.withLock { $0 }) }
        func set(_ seconds: Int) { self.offset.withLock { $0 = .seconds(seconds) } }
    }

    private let hand = Hand()
    private let watch: LagWatch

    init() {
        let hand = self.hand
        self.watch = LagWatch { hand.now }
    }

    private func look(at seconds: Int, end: UInt64, reached: UInt64) -> Duration {
        self.hand.set(seconds)
        self.watch.looked(end: end, reached: reached, at: self.hand.now)
        return self.watch.lag
    }

    @Test("A reader that reaches each end has no lag, and one that stops looking falls behind")
    func level() {
        #expect(self.look(at: 1, end: 10, reached: 9) == .zero)
        #expect(self.look(at: 2, end: 10, reached: 9) == .zero)
        self.hand.set(9)
        #expect(self.watch.lag == .seconds(7))
    }

    @Test("While others write all the time, the lag is the age of the newest end that was passed")
    func movingEnd() {
        #expect(self.look(at: 1, end: 10, reached: 9) == .zero)
        #expect(self.look(at: 2, end: 20, reached: 15) == .seconds(1))
        #expect(self.look(at: 3, end: 30, reached: 25) == .seconds(1))
        #expect(self.look(at: 4, end: 40, reached: 35) == .seconds(1))
        #expect(self.look(at: 5, end: 40, reached: 39) == .zero)
    }

    @Test("A transaction that doesn't end holds the reader back, however often it looks")
    func heldBack() {
        #expect(self.look(at: 1, end: 10, reached: 9) == .zero)
        for second in 2...60 { _ = self.look(at: second, end: 20 + UInt64(second), reached: 14) }
        #expect(self.watch.lag == .seconds(59))
        self.watch.restart()
        #expect(self.watch.lag == .zero)
    }
}
