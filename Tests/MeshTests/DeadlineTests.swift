import Mesh
import Testing

@Suite("Deadlines")
struct DeadlineTests {
    @Test("A deadline lies so far ahead")
    func ahead() {
        let deadline = Deadline.after(.seconds(100))
        #expect(!deadline.isExpired)
        #expect(deadline.remaining > .seconds(90) && deadline.remaining <= .seconds(100))
    }

    @Test("Extremes are the present or never", arguments: [Duration.zero, .seconds(-5), .seconds(Int64.min)])
    func past(duration: Duration) {
        #expect(Deadline.after(duration).isExpired)
        #expect(Deadline.after(duration).remaining == .zero)
    }

    @Test("For ever doesn't overflow")
    func never() {
        #expect(Deadline.after(.seconds(Int64.max)) == .never)
        #expect(!Deadline.never.isExpired)
    }
}
