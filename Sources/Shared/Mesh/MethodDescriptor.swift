/// One method of a service, and how it may be called: the `.proto` in Swift.
public struct MethodDescriptor: Sendable, Hashable {
    /// With its package: `duet.candidate.v1.CandidateService`.
    public let service: String
    public let name: String
    /// `duet.candidate.v1.CandidateService/Generate`.
    public let fullName: String
    /// 32-bit FNV-1a of ``fullName``: what identifies the method on the wire.
    public let id: UInt32
    /// Calling twice has the effect of calling once, so a call may be retried.
    public let isIdempotent: Bool
    /// A second replica may be asked when the first is slow.
    public let hedges: Bool
    /// The handler computes for long or blocks, so it runs on threads of the server's own.
    public let isHeavy: Bool
    /// Budget of a call whose caller brings no deadline; `nil`: the client's default.
    public let timeout: Duration?
    /// The request's field whose value picks the replica, the first one of a repeated field; `nil`: any replica.
    public let shardKey: String?
    /// A sentence or two for people, from the `.proto`.
    public let documentation: String

    public init(
        service: String,
        name: String,
        isIdempotent: Bool = false,
        hedges: Bool = false,
        isHeavy: Bool = false,
        timeout: Duration? = nil,
        shardKey: String? = nil,
        documentation: String = ""
    ) {
        self.service = service
        self.name = name
        self.fullName = "\(service)/\(name)"
        self.id = self.fullName.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        self.isIdempotent = isIdempotent
        self.hedges = hedges
        self.isHeavy = isHeavy
        self.timeout = timeout
        self.shardKey = shardKey
        self.documentation = documentation
    }
}
