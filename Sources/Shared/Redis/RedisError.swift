/// Why Redis did not do what it was asked. Callers degrade: all that Redis holds can be made again.
public struct RedisError: Error, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// There is no connection. Calls fail at once while one is being made again after a failure.
        public static let unavailable = Code(description: "unavailable")
        /// No reply came within the command's time; it may have been done.
        public static let timeout = Code(description: "timeout")
        /// The calling task was cancelled; the command may have been done.
        public static let cancelled = Code(description: "cancelled")
        /// The server refused the command.
        public static let command = Code(description: "command")
        /// What came is not the protocol, or not what the caller expected.
        public static let malformed = Code(description: "malformed")
        public static let invalidConfiguration = Code(description: "invalidConfiguration")
        /// The client has ended.
        public static let shutDown = Code(description: "shutDown")
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String = "") {
        self.code = code
        self.message = message
    }

    public var description: String { "\(self.code): \(self.message)" }

    static let cancelled = RedisError(.cancelled, "the task was cancelled")
    static let shutDown = RedisError(.shutDown, "the client was shut down")
}
