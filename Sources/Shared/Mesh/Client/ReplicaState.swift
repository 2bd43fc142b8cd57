/// What a client knows of one replica.
public struct ReplicaState: Sendable, Hashable {
    public let name: String
    public let address: String
    public let pid: Int32
    public let version: String
    /// Calls of this client that wait for its reply.
    public let inFlight: Int
    /// Peak-EWMA of the round trip.
    public let latency: Duration
    public let isConnected: Bool
    /// Connected and not draining: calls go there.
    public let isReady: Bool
}
