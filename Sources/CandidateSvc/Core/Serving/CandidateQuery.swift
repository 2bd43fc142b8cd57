package import Domain

/// What every candidate must satisfy. `nil` does not filter.
package struct CandidateFilter: Sendable, Hashable {
    /// Inclusive; nobody of unknown age is within it.
    package var ages: ClosedRange<Int>?
    package var gender: Gender?
    /// Substring of the location, compared without case; no character is special.
    package var location: String?
    /// Kilometres from the viewer's place; without a known place on either side nobody is near.
    package var maximumDistance: Double?
    /// Compared without case.
    package var interest: String?

    package init() {}
}

/// What stage 1 is asked.
package struct CandidateQuery: Sendable {
    package var viewer: UserID
    package var limit: Int
    package var excludingSeen = true
    package var filter = CandidateFilter()
    /// People who must not appear.
    package var excluded: [UserID] = []

    package init(viewer: UserID, limit: Int) {
        self.viewer = viewer
        self.limit = limit
    }
}
