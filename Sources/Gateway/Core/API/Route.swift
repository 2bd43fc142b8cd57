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

    public typealias Handler = @Sendable (RouteRequest) async throws -> Response
    /// What a repeated request must make sure of before its remembered answer goes out.
    public typealias Replay = @Sendable (RouteRequest) async throws -> Void

    public var method: HTTPRequest.Method
    /// Full, with `{name}` for a parameter and the trailing slash of the specification.
    public var path: String
    /// Unique among the routes.
    public var operation: String
    public var tag: String
    public var summary: String
    /// What the summary doesn't say.
    public var details = ""
    public var access: Access
    public var parameters: [Parameter]
    /// `nil`: the route takes no body.
    public var body: Schema?
    public var isBodyRequired: Bool
    /// Bytes of a body at most; `nil`: the server's own limit.
    public var bodyLimit: Int?
    /// Says what a line is, where a list may also come as NDJSON; `nil`: it may not.
    public var linesOfBody: String?
    /// A body that works.
    public var example: JSONValue?
    public var answers: [Answer]
    /// Whether the API's description shows it.
    public var isListed = true
    public var replay: Replay?
    /// How many requests this one counts for; `nil`: one.
    public var cost: (@Sendable (RouteRequest) -> Int)?
    /// What the request may take in all; `nil`: what a recommendation may.
    public var budget: Duration?
    public var handler: Handler

    public init(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, tag: String, _ summary: String, details: String = "",
        access: Access = .authenticated, parameters: [Parameter] = [], body: Schema? = nil, isBodyRequired: Bool = true,
        example: JSONValue? = nil, answers: [Answer], replay: Replay? = nil, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.operation = operation
        self.tag = tag
        self.summary = summary
        self.details = details
        self.access = access
        self.parameters = parameters
        self.body = body
        self.isBodyRequired = isBodyRequired
        self.example = example
        self.answers = answers
        self.replay = replay
        self.handler = handler
    }

    /// With what every route of its kind may answer.
    var allAnswers: [Answer] {
        var answers = self.answers
        func add(_ answer: Answer) {
            if !answers.contains(where: { $0.status == answer.status }) { answers.append(answer) }
        }
        add(AnswerCatalogue.tooManyRequests)
        if self.method == .post {
            add(AnswerCatalogue.conflict)
            add(AnswerCatalogue.invalid)
        }
        return answers
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
