/// What a client knows of one replica.
public struct ReplicaState: Sendable, Hashable {
    public let name: String
    public let address: String
    public let pid: Int32
    public let version: String
    public let weight: Double
    /// Share of the calls of which it gets a copy; 0: it takes part in the calls themselves.
    public let shadowShare: Double
    /// Calls of this client that wait for its reply.
    public let inFlight: Int
    /// Calls that it had in flight from all of its clients, as it last said.
    public let reportedLoad: Int
    /// Peak-EWMA of the round trip.
    public let latency: Duration
    public let isConnected: Bool
    /// Connected and not draining.
    public let isReady: Bool
    /// It failed too often in a row, so calls go elsewhere for a while.
    public internal(set) var isEjected = false
}
