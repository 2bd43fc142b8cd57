public import Domain

/// When people meet: what a pair's features take from the request.
public struct RequestMoment: Hashable, Sendable {
    public let timestamp: Timestamp
    /// Days since 1970.
    let days: Float

    public init(_ timestamp: Timestamp) {
        self.timestamp = timestamp
        self.days = PersonFeatures.days(timestamp)
    }
}
