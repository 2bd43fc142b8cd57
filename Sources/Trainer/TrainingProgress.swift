/// Where a training run stands.
public struct TrainingProgress: Hashable, Sendable {
    public enum Phase: String, CaseIterable, Hashable, Sendable {
        case reading = "reading the log"
        case searching = "choosing stage 1"
        case examples = "making examples"
        case ranking = "fitting stage 2"
        case validating = "validating"
        case fitting = "fitting stage 1"
        case publishing = "storing embeddings"
    }

    public var phase: Phase
    /// Work done in this phase, in units of the phase.
    public var completed: Int
    /// `nil` while nobody knows.
    public var total: Int?
    /// Since the phase began.
    public var elapsed: Duration

    public init(phase: Phase, completed: Int, total: Int?, elapsed: Duration) {
        self.phase = phase
        self.completed = completed
        self.total = total
        self.elapsed = elapsed
    }

    /// Units a second; `nil` before the first.
    public var rate: Double? {
        let seconds = self.elapsed / .seconds(1)
        return self.completed > 0 && seconds > 0 ? Double(self.completed) / seconds : nil
    }

    /// Time that the phase still takes if it goes on like this.
    public var remaining: Duration? {
        guard let total = self.total, let rate = self.rate, total >= self.completed else { return nil }
        return .seconds(Double(total - self.completed) / rate)
    }
}

/// Reports the progress of one phase after the other.
struct ProgressReporter: Sendable {
    let report: @Sendable (TrainingProgress) -> Void

    func begin(_ phase: TrainingProgress.Phase, total: Int? = nil) -> @Sendable (Int) -> Void {
        let start = ContinuousClock.now
        let report = self.report
        report(TrainingProgress(phase: phase, completed: 0, total: total, elapsed: .zero))
        return { completed in
            report(TrainingProgress(phase: phase, completed: completed, total: total, elapsed: ContinuousClock.now - start))
        }
    }
}
