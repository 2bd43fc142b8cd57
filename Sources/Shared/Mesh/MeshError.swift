/// Why a call between two services failed, in gRPC's set of codes.
public struct MeshError: Error, Sendable {
    public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        public let rawValue: UInt16

        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// The caller gave up.
        public static let cancelled = Code(rawValue: 1)
        public static let unknown = Code(rawValue: 2)
        /// The request is wrong, whatever the state of the system.
        public static let invalidArgument = Code(rawValue: 3)
        /// No reply came before the caller's deadline. The callee may still have done the work.
        public static let deadlineExceeded = Code(rawValue: 4)
        public static let notFound = Code(rawValue: 5)
        public static let alreadyExists = Code(rawValue: 6)
        public static let permissionDenied = Code(rawValue: 7)
        /// A queue is full, or a message is too large.
        public static let resourceExhausted = Code(rawValue: 8)
        /// The request is right, but not in this state of the system.
        public static let failedPrecondition = Code(rawValue: 9)
        public static let aborted = Code(rawValue: 10)
        public static let outOfRange = Code(rawValue: 11)
        /// The server doesn't know the method.
        public static let unimplemented = Code(rawValue: 12)
        /// The callee broke an invariant of its own, or answered what can't be decoded.
        public static let `internal` = Code(rawValue: 13)
        /// No replica can be reached, or the one asked went away without a reply.
        public static let unavailable = Code(rawValue: 14)
        public static let dataLoss = Code(rawValue: 15)
        public static let unauthenticated = Code(rawValue: 16)

        private static let names = [
            "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
            "DATA_LOSS", "UNAUTHENTICATED",
        ]

        /// The code as gRPC writes it: `DEADLINE_EXCEEDED`.
        public var description: String {
            self.rawValue < Self.names.count ? Self.names[Int(self.rawValue)] : "CODE_\(self.rawValue)"
        }
    }

    public let code: Code
    /// A sentence for the operator. Goes over the wire, so it holds no personal data.
    public let message: String
    /// What the caller's code may read, in a form that the two services agreed on.
    public let details: [UInt8]
    /// The server refused the call before it began; travels as a flag of the reply.
    let refusal: MeshShedReason?

    public init(_ code: Code, _ message: String = "", details: [UInt8] = []) {
        self.init(code, message, details: details, refusal: nil)
    }

    init(_ code: Code, _ message: String, details: [UInt8] = [], refusal: MeshShedReason?) {
        self.code = code
        self.message = message
        self.details = details
        self.refusal = refusal
    }
}

extension MeshError: CustomStringConvertible {
    public var description: String {
        self.message.isEmpty ? self.code.description : "\(self.code): \(self.message)"
    }
}
