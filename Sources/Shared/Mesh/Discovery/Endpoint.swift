/// One replica of a service, as the directory tells it.
public struct Endpoint: Sendable, Hashable {
    public let service: String
    /// Unique to one start of one process.
    public let name: String
    public let version: String
    /// Share of the calls against other replicas; 1 is usual.
    public let weight: Double
    /// Share of the calls, 0 to 1, of which it gets a flagged copy whose reply is dropped; above 0 it takes no call itself.
    public let shadowShare: Double
    /// 0 where it isn't known.
    public let pid: Int32
    /// `ipc:///path/of/socket`, `inproc://name`, `tcp://host:port` or `tls+tcp://host:port`.
    public let address: String

    public init(
        service: String, address: String, name: String? = nil, version: String = "", weight: Double = 1, shadowShare: Double = 0,
        pid: Int32 = 0
    ) {
        self.service = service
        self.address = address
        self.name = name ?? address
        self.version = version
        self.weight = weight > 0 && weight.isFinite ? weight : 1
        self.shadowShare = shadowShare.isFinite ? min(1, max(0, shadowShare)) : 0
        self.pid = pid
    }
}
