internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// What happens to a person while they look: matches, their end, and who likes them.
struct EventRoutes: Sendable {
    let events: any EventRepository
    let users: any UserRepository
    let hub: EventHub
    let verifier: TokenVerifier
    let metrics: GatewayMetrics
    let now: @Sendable () -> ContinuousClock.Instant
    let logger: Logger

    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/users/{user_id}/events", "streamEvents", tag: "interactions", "What happens to a user, as it happens",
                details: """
                    A stream of server-sent events: `match` and `unmatch` for both sides and, for a service or an administrator, `like` and \
                    `super_like` as they are received. `data` is `{type, user_id, other_user_id, timestamp}`. Who comes back with the \
                    `Last-Event-ID` that they saw (or the same as `after`) misses nothing and gets nothing twice; without one it begins now. \
                    A line with a colon says every few seconds that the server is there. The stream ends when the token does.
                    """,
                parameters: [
                    .path("user_id"),
                    .query("after", .text(1...64), "The `id` of the last event seen; the header `Last-Event-ID` goes before it."),
                    .query(
                        "duration", .integer(0...86_400),
                        "Seconds after which the stream ends; with 0 it hands over what there is. Without it, it stays.", example: 0),
                ],
                answers: [
                    .init(200, "The stream.", .text(), mediaType: "text/event-stream"), AnswerCatalogue.notFound,
                ] + AnswerCatalogue.guarded,
                handler: self.stream)
        ]
    }

    @Sendable private func stream(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        let asked = try Self.position(request)
        guard try await self.users.user(id) != nil else { throw APIError.unknownUser(id.rawValue) }
        // First the place, then where it begins: what happens in between wakes it.
        let subscription = try self.hub.subscribe(id)
        let start = if let asked { asked } else { try await self.events.settledEnd() }
        let authorization = request.headers[.authorization]
        let stream = EventStream(
            events: self.events, subscription: subscription, start: start, includesLikes: request.identity.userID == nil,
            heartbeat: self.hub.limits.heartbeat, duration: request.arguments.integer("duration").map { .seconds($0) },
            metrics: self.metrics, now: self.now,
            isAdmitted: { [verifier] in (try? await verifier.identity(authorization: authorization)) == request.identity },
            logger: self.logger)
        return Response(events: .init { writer in try await stream.write(to: &writer) })
    }

    /// Where the client wants to go on; `nil` if it begins.
    /// - Throws: ``APIError`` 422 for what is no identifier of an event.
    private static func position(_ request: RouteRequest) throws(APIError) -> LogPosition? {
        if let text = request.headers[.lastEventID], !text.isEmpty {
            guard let position = EventText.position(text) else {
                throw .invalid([.init([.name("header"), .name("Last-Event-ID")], "is no id of an event", type: "value_error")])
            }
            return position
        }
        guard let text = request.arguments.string("after") else { return nil }
        guard let position = EventText.position(text) else { throw .invalid(query: "after", "is no id of an event") }
        return position
    }
}
