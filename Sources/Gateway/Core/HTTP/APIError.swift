public import HTTPTypes

/// An answer that is an error: what the client did wrong, or what is missing to serve it.
public struct APIError: Error, Sendable {
    /// One thing that is wrong with a request.
    public struct Field: Hashable, Sendable {
        /// One step on the way to what is wrong.
        public enum Step: Hashable, Sendable {
            case name(String)
            case index(Int)
        }

        /// From the place (`body`, `query`, `path`, `header`) to the value.
        public var location: [Step]
        public var message: String
        /// For a machine, for example `int_type` or `missing`.
        public var type: String

        public init(_ location: [Step], _ message: String, type: String) {
            self.location = location
            self.message = message
            self.type = type
        }
    }

    public enum Detail: Hashable, Sendable {
        case none
        case text(String)
        case fields([Field])
        /// The identifiers that don't exist.
        case missing([Int64])
    }

    public let status: HTTPResponse.Status
    /// A sentence for a person. Holds no SQL, no token and no personal data.
    public let sentence: String
    public let detail: Detail
    public var headers: HTTPFields

    public init(_ status: HTTPResponse.Status, _ sentence: String, detail: Detail = .none, headers: HTTPFields = [:]) {
        self.status = status
        self.sentence = sentence
        self.detail = detail
        self.headers = headers
    }

    // MARK: Kinds

    public static func malformed(_ failure: JSONParser.Failure) -> APIError {
        APIError(
            .badRequest, "The body is not valid JSON.",
            detail: .fields([.init([.name("body"), .index(failure.offset)], failure.message, type: "json_invalid")]))
    }

    public static func invalid(_ fields: [Field]) -> APIError {
        APIError(.unprocessableContent, "The request did not pass validation.", detail: .fields(fields))
    }

    public static func invalid(query name: String, _ message: String, type: String = "value_error") -> APIError {
        .invalid([.init([.name("query"), .name(name)], message, type: type)])
    }

    public static func unauthorized(_ reason: String) -> APIError {
        APIError(.unauthorized, reason, headers: [.wwwAuthenticate: #"Bearer realm="duet""#])
    }

    public static func forbidden(_ reason: String, headers: HTTPFields = [:]) -> APIError { APIError(.forbidden, reason, headers: headers) }

    public static let unknownRoute = APIError(.notFound, "There is nothing at this address.")

    public static func unknownUser(_ id: Int64) -> APIError {
        APIError(.notFound, "There is no user \(id).", detail: .missing([id]))
    }

    public static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> APIError {
        APIError(
            .methodNotAllowed, "This address does not take that method.",
            headers: [.allow: allowed.map(\.rawValue).joined(separator: ", ")])
    }

    /// Something that the answer depends on is away; the client may try again.
    public static func unavailable(_ what: String, retryAfter seconds: Int = 1) -> APIError {
        APIError(.serviceUnavailable, "\(what) is not available at the moment.", headers: [.retryAfter: "\(seconds)"])
    }
}
