package import Mesh

/// Until when the request is due that the running task answers, for stores that are called without being told.
public enum RequestBudget {
    @TaskLocal package static var deadline: Deadline?

    /// What a call of the store gets at least: stages can be skipped, the last look at the truth can't.
    private static let least: Duration = .milliseconds(250)

    /// What is left for a call of a store; `nil` outside of a request.
    public static var remaining: Duration? { self.deadline.map { max(self.least, $0.remaining) } }
}
