import Testing
import Trainer

@Suite struct TrainingProgressTests {
    @Test("Rate and time left follow from what is done")
    func remaining() {
        let progress = TrainingProgress(phase: .fitting, completed: 3, total: 12, elapsed: .seconds(6))
        #expect(progress.rate == 0.5)
        #expect(progress.remaining == .seconds(18))
    }

    @Test("Before the first unit, and without a total, nobody knows")
    func unknown() {
        #expect(TrainingProgress(phase: .fitting, completed: 0, total: 12, elapsed: .seconds(6)).remaining == nil)
        #expect(TrainingProgress(phase: .reading, completed: 9, total: nil, elapsed: .seconds(6)).remaining == nil)
    }
}
