public import HTTPTypes
public import Hummingbird

/// One operation of the API: what the server runs, validates against and describes itself by.
public struct Route: Sendable {
    public enum Access: Hashable, Sendable {
        /// Without a token.
        case open
        /// Any valid token; whom it may act for is the handler's to check.
        case authenticated
        /// A token with one of these roles.
        case roles(Set<Role>)
    }

    /// What one status means.
    public struct Answer: Hashable, Sendable {
        public var status: Int
        public var summary: String
        public var schema: Schema?

        public init(_ status: Int, _ summary: String, _ schema: Schema? = nil) {
            self.status = status
            self.summary = summary
            self.schema = schema
        }
    }

    public typealias Handler = @Sendable (RouteRequest) async throws -> Response

    public var method: HTTPRequest.Method
    /// Full, with `{name}` for a parameter and the trailing slash of the specification.
    public var path: String
    /// Unique among the routes.
    public var operation: String
    public var tag: String
    public var summary: String
    public var access: Access
    public var parameters: [Parameter]
    /// `nil`: the route takes no body.
    public var body: Schema?
    public var isBodyRequired: Bool
    public var answers: [Answer]
    public var handler: Handler

    public init(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, tag: String, _ summary: String, access: Access = .authenticated,
        parameters: [Parameter] = [], body: Schema? = nil, isBodyRequired: Bool = true, answers: [Answer], handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.operation = operation
        self.tag = tag
        self.summary = summary
        self.access = access
        self.parameters = parameters
        self.body = body
        self.isBodyRequired = isBodyRequired
        self.answers = answers
        self.handler = handler
    }
}

/// What a handler gets: everything validated.
public struct RouteRequest: Sendable {
    public var arguments: Arguments
    /// Matches the route's schema; `nil` if the route takes none, or none was sent where it may be absent.
    public var body: JSONValue?
    public var identity: Identity
    public var scope: RequestScope
    public var headers: HTTPFields
    /// The request's target as it was sent, for links to further pages.
    public var target: String
}
