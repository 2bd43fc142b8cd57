public import Domain

/// One process of a service, as this gateway sees it.
public struct MeshReplica: Hashable, Sendable {
    public var service: String
    public var name: String
    public var processID: Int32
    public var version: String
    public var inFlight: Int
    /// Of the round trip, averaged.
    public var latency: Duration
    public var isReady: Bool

    public init(service: String, name: String, processID: Int32, version: String, inFlight: Int, latency: Duration, isReady: Bool) {
        self.service = service
        self.name = name
        self.processID = processID
        self.version = version
        self.inFlight = inFlight
        self.latency = latency
        self.isReady = isReady
    }
}

/// The processes behind the gateway, one by one.
public protocol ReplicaDirectory: Sendable {
    /// By service and name.
    var replicas: [MeshReplica] { get }
    /// Names of the replicas that still know a person, or could not be asked.
    func holders(of user: UserID) async -> [String]
}
