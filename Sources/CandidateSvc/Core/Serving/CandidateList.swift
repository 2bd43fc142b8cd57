package import Domain

/// What stage 1 answers; columnar, best first.
package struct CandidateList: Sendable {
    package var people: [UserID] = []
    package var scores: [Float] = []
    package var sources: [CandidateSources] = []
    /// The model whose factors were there to be searched.
    package var modelVersion: String?
    /// Newest transaction of the log that had been read past, inclusive.
    package var position: UInt64 = 0
    /// Whether the log has brought the viewer.
    package var isViewerKnown = false
    package var reports: [SourceReport] = []
    /// Of the people, those who may be moved up because they like the viewer, the latest first.
    package var promoted: [UserID] = []
    /// How often each of the people was shown to anybody today; empty where nobody counts.
    package var exposures: [UInt32] = []
    /// Of the people, those who joined lately and whom few have judged.
    package var newcomers: [UserID] = []

    /// What one source did.
    package struct SourceReport: Sendable {
        package var source: CandidateSource
        package var proposed: Int
        package var kept = 0
        package var time: Duration
    }
}
