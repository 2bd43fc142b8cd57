package import Domain

/// How stage 1 divides a list between its sources.
package struct CandidateSettings: Sendable {
    /// Candidates for a call that names no number.
    package var topK = 300
    /// How long a call waits at most for the log to bring a viewer whom nobody here knows.
    package var patience = Duration.milliseconds(150)
    /// Share of each source in a list; need not add up to 1; a source without a share is off.
    /// A model that brings quotas of its own overrides them.
    package var shares: [CandidateSource: Double] = [
        .collaborative: 0.5, .content: 0.2, .social: 0.1, .nearby: 0.05, .popular: 0.1, .exploration: 0.05,
    ]
    /// Weight of a source's ranks in the merged score.
    package var weights: [CandidateSource: Double] = [
        .collaborative: 1, .social: 0.5, .content: 0.3, .popular: 0.3, .nearby: 0.15, .exploration: 0.05,
    ]
    /// A gender that gets less than this share of a person's likes is not proposed to them, exploration aside.
    package var tasteShare = 0.05
    /// People who never like the viewer's gender are left out while this many others remain.
    package var reciprocalMinimum = 100
    /// Part of exploration that is kept for newcomers.
    package var newcomerShare = 0.5

    /// Days after which a pass is forgotten and the person may come again; 0: never.
    package var passReturnDays = 0
    /// Somebody shown so often without an answer is left out until the last time is long ago; 0: nobody ever is.
    package var fatigueImpressions = 0
    /// People who like the viewer that are brought into a list at most, to be moved up; 0: none.
    package var promotions = 0
    /// Whether answers say how often each candidate was shown today.
    package var reportsExposure = false

    package init() {}

    /// Passes given before it are forgotten, in seconds since 1970; 0: none.
    func passHorizon(now: Timestamp) -> UInt32 {
        self.passReturnDays == 0 ? 0 : UInt32(clamping: now.rawValue / 1_000_000 - Int64(self.passReturnDays) * 86_400)
    }

    /// Numbers of candidates by source, in the order of their raw values, that add up to `limit` or a little more: each source with a
    /// share gets at least one.
    func quotas(limit: Int, tuned: [CandidateSource: Int] = [:]) -> [Int] {
        let isTuned = tuned.values.contains { $0 > 0 }
        let shares = CandidateSource.allCases.map { isTuned ? Double(max(0, tuned[$0] ?? 0)) : self.shares[$0] ?? 0 }
        let total = shares.reduce(0, +)
        return shares.map { $0 > 0 ? max(1, Int(($0 / total * Double(limit)).rounded())) : 0 }
    }
}
