import Mesh
import Testing

@Suite("What a server takes on")
struct AdmissionTests {
    private let start = Deadline.now

    private func at(_ milliseconds: Int) -> Deadline { self.start.advanced(by: .milliseconds(milliseconds)) }

    private func admission(running: Int, waiting: Int) -> AdmissionStateMachine {
        AdmissionStateMachine(limit: AdaptiveLimit(minimum: 1, maximum: running, policy: nil), maximumQueued: waiting)
    }

    @Test("Heavy calls run up to the limit and then wait; light ones just run")
    func limit() {
        var admission = self.admission(running: 1, waiting: 1)
        let arrivals = [true, true, false].map { admission.callArrived(isHeavy: $0, deadline: self.at(1_000), at: self.at(0)) }
        #expect(arrivals == [.run, .wait(1, displaced: nil), .run])
        let (inFlight, heavy, queued) = (admission.inFlight, admission.heavy, admission.queued)
        #expect(inFlight == 3 && heavy == 1 && queued == 1)
        let none = admission.callEnded(isHeavy: false, at: self.at(1))
        #expect(none == [])
        let turn = admission.callEnded(isHeavy: true, at: self.at(1))
        #expect(turn == [.run(1)])
        let end = admission.callEnded(isHeavy: true, at: self.at(2))
        #expect(end == [])
        let rest = admission.inFlight
        #expect(rest == 0)
    }

    @Test("Whoever has the least time left runs first, and is refused first when there is no room")
    func deadlineFirst() {
        var admission = self.admission(running: 1, waiting: 2)
        let arrivals = [900, 300, 500, 200, 400].map { admission.callArrived(isHeavy: true, deadline: self.at($0), at: self.at(0)) }
        #expect(
            arrivals == [
                .run, .wait(1, displaced: nil), .wait(2, displaced: nil), .refuse(.queueFull), .wait(3, displaced: 1),
            ])
        let refused = admission.refused
        #expect(refused == 2)
        let turns = [admission.callEnded(isHeavy: true, at: self.at(1)), admission.callEnded(isHeavy: true, at: self.at(2))]
        #expect(turns == [[.run(3)], [.run(2)]])
    }

    @Test("A call that can't be answered in time isn't begun")
    func tooLate() {
        var admission = self.admission(running: 1, waiting: 9)
        _ = admission.callArrived(isHeavy: true, deadline: self.at(5_000), at: self.at(0))
        admission.heavyEnded(startDelay: .zero, time: .milliseconds(100), ranOut: false, at: self.at(100))
        // One runs: the next ends after about 200 ms, the one behind it after 300.
        let arrivals = [250, 350, 250].map { admission.callArrived(isHeavy: true, deadline: self.at($0 + 100), at: self.at(100)) }
        #expect(arrivals == [.wait(1, displaced: nil), .wait(2, displaced: nil), .refuse(.tooLate)])
        // The one before took far longer, and the first that waited has less than a call takes.
        let turns = admission.callEnded(isHeavy: true, at: self.at(300))
        #expect(turns == [.refuse(1, .tooLate), .run(2)])
        // Nobody is ahead of a call that may run at once: however slow the last ones were, it does.
        _ = admission.callEnded(isHeavy: true, at: self.at(400))
        let next = admission.callArrived(isHeavy: true, deadline: self.at(401), at: self.at(400))
        #expect(next == .run)
    }

    // MARK: The limit

    private func interval(_ limit: inout AdaptiveLimit, _ number: Int, delays: [Int], ranOut: Int = 0) {
        for (index, delay) in delays.enumerated() {
            let instant = self.at(number * 100 + (index == delays.count - 1 ? 100 : 0))
            limit.callEnded(startDelay: .milliseconds(delay), ranOut: index < ranOut, at: instant)
        }
    }

    @Test("When even the luckiest waits too long for a thread, the limit falls; when it is in the way, it rises")
    func adapts() {
        var limit = AdaptiveLimit(minimum: 2, maximum: 20, policy: .init(target: .milliseconds(10), interval: .milliseconds(100)))
        limit.callEnded(startDelay: .seconds(1), ranOut: false, at: self.at(0))
        #expect(limit.value == 20)
        self.interval(&limit, 0, delays: [20, 30, 11])
        #expect(limit.value == 18)
        self.interval(&limit, 1, delays: [20, 30, 9])
        #expect(limit.value == 18)
        limit.limitReached()
        self.interval(&limit, 2, delays: [20, 30, 9])
        #expect(limit.value == 19)
        for number in 3..<60 { self.interval(&limit, number, delays: [50]) }
        #expect(limit.value == 2)
        for number in 60..<100 {
            limit.limitReached()
            self.interval(&limit, number, delays: [0])
        }
        #expect(limit.value == 20)
    }

    @Test("Calls that run out of time are a sign too")
    func ranOut() {
        var limit = AdaptiveLimit(minimum: 1, maximum: 20, policy: .init())
        limit.callEnded(startDelay: .zero, ranOut: false, at: self.at(0))
        self.interval(&limit, 0, delays: [Int](repeating: 0, count: 20), ranOut: 1)
        #expect(limit.value == 20)
        self.interval(&limit, 1, delays: [Int](repeating: 0, count: 20), ranOut: 2)
        #expect(limit.value == 18)
    }

    @Test("Without a policy the limit stays")
    func fixed() {
        var limit = AdaptiveLimit(minimum: 1, maximum: 5, policy: nil)
        for number in 0..<10 { self.interval(&limit, number, delays: [500]) }
        #expect(limit.value == 5)
    }
}
