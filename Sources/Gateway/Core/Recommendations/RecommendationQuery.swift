public import Domain

/// A validated request for recommendations.
public struct RecommendationQuery: Hashable, Sendable {
    public var viewer: UserID
    public var limit: Int
    public var excludesSeen: Bool
    public var filter: RecommendationFilter
    /// `nil`: the active one.
    public var algorithmVersion: String?
    public var explains: Bool
    /// Where the previous page of the same list ended.
    public var cursor: ListCursor?

    public init(
        viewer: UserID, limit: Int = 20, excludesSeen: Bool = true, filter: RecommendationFilter = .init(),
        algorithmVersion: String? = nil, explains: Bool = false, cursor: ListCursor? = nil
    ) {
        self.viewer = viewer
        self.limit = limit
        self.excludesSeen = excludesSeen
        self.filter = filter
        self.algorithmVersion = algorithmVersion
        self.explains = explains
        self.cursor = cursor
    }

    /// Everything that decides which people are on the list and in which order, but the viewer. Two queries with the same are one list.
    var listKey: String {
        let filter = self.filter
        let parts: [String] = [
            self.excludesSeen ? "1" : "0", filter.minimumAge.map(String.init) ?? "", filter.maximumAge.map(String.init) ?? "",
            filter.gender?.rawValue ?? "", filter.maximumDistance.map(\.description) ?? "", self.algorithmVersion ?? "",
            filter.location ?? "", filter.interest ?? "",
        ]
        // Each part with its length in front: no two different lists of parts make the same text.
        return parts.map { "\($0.utf8.count):\($0)" }.joined()
    }

    /// What a cached answer depends on beside the viewer: a digest, for what a viewer typed must not stand in the cache's keys.
    var cacheKey: String { StableHash.digest("\(self.explains ? "x" : "r")\(self.limit)|\(self.listKey)") }
}
