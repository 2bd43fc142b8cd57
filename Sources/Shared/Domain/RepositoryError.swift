/// Why a repository could not do what it was asked.
public struct RepositoryError: Error, Sendable {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        /// The store can't be reached or is overloaded; trying again later may work.
        public static let unavailable = Code(description: "unavailable")
        /// The call's time ran out.
        public static let deadlineExceeded = Code(description: "deadlineExceeded")
        /// A person named in the call does not exist; `RepositoryError.missing` says who.
        public static let unknownUser = Code(description: "unknownUser")
        /// The call contradicts what is stored.
        public static let conflict = Code(description: "conflict")
        /// The store holds or answers something that this version does not understand.
        public static let malformed = Code(description: "malformed")
    }

    public let code: Code
    /// For a log, never for a client: may name columns and constraints, holds no personal data.
    public let message: String
    public let missing: [UserID]
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String = "", missing: [UserID] = [], cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.missing = missing
        self.cause = cause
    }
}
