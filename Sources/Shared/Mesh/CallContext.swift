/// What travels with a call: how long it may take, which trace it belongs to, and what the callers noted on it.
///
/// The server binds ``current`` around each handler, and a call that the handler makes inherits from it.
public struct CallContext: Sendable {
    /// Metadata key of the identifier that all log lines of one HTTP request share.
    public static let requestIDKey = "request-id"

    public var deadline: Deadline
    public var trace: TraceContext
    public var metadata: [String: String]
    /// Full name of the method that is being answered (`pkg.Service/Method`); empty outside a handler.
    public var method: String
    public var peer: Peer
    /// A copy of a call, made to try a version out: its reply is dropped, and nothing may be written on it. Calls that its handler
    /// makes are flagged the same.
    public var isShadow: Bool

    /// The other end of a call.
    public struct Peer: Sendable, Hashable {
        /// nng's number of the connection.
        public var connection: UInt32
        /// The user that the process runs as; `nil` where the transport doesn't tell.
        public var userID: UInt32?

        public init(connection: UInt32 = 0, userID: UInt32? = nil) {
            self.connection = connection
            self.userID = userID
        }
    }

    public init(
        deadline: Deadline,
        trace: TraceContext = .random(),
        metadata: [String: String] = [:],
        method: String = "",
        peer: Peer = Peer(),
        isShadow: Bool = false
    ) {
        self.deadline = deadline
        self.trace = trace
        self.metadata = metadata
        self.method = method
        self.peer = peer
        self.isShadow = isShadow
    }

    /// The context of the handler that runs in this task.
    @TaskLocal public static var current: CallContext?
}
