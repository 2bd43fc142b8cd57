internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// What people do towards each other: recorded, listed and counted.
struct InteractionRoutes: Sendable {
    let interactions: any InteractionRepository
    let users: any UserRepository
    let coherence: CacheCoherence
    let limits: RateLimits
    let metrics: GatewayMetrics

    private static let id = Parameter.path("user_id")

    var routes: [Route] {
        [
            Route(
                .post, "/api/v1/interactions/", "createInteraction", tag: "interactions", "Record an interaction",
                details: """
                    A later like or dislike supersedes the earlier one; a block or report stays. `matched` is true in exactly one of the two \
                    answers of a mutual like.
                    """,
                body: InteractionJSON.creation,
                example: ["user_id": 1, "target_user_id": 2, "interaction_type": "like", "context": ["device": "mobile"]],
                answers: [
                    .init(
                        201, "Recorded.", InteractionJSON.recorded,
                        links: [
                            .init("listInteractions", ["user_id": "$response.body#/user_id"]),
                            .init("interactionStatistics", ["user_id": "$response.body#/user_id"]),
                            .init(
                                "mutualInteractions",
                                ["user_id": "$response.body#/user_id", "other_id": "$response.body#/target_user_id"]),
                            .init("liftBlock", ["user_id": "$response.body#/user_id", "other_id": "$response.body#/target_user_id"]),
                        ]), AnswerCatalogue.notFound,
                ] + AnswerCatalogue.guardedWithBody,
                replay: self.settle, handler: self.create),
            Route(
                .get, "/api/v1/interactions/user/{user_id}", "listInteractions", tag: "interactions", "A user's interactions",
                parameters: [
                    Self.id, .query("interaction_type", .choice(InteractionJSON.kinds)), .query("start_date", .dateTime),
                    .query("end_date", .dateTime), Pagination.skip, Pagination.limit, Pagination.cursor,
                ],
                answers: [.init(200, "Newest first.", InteractionJSON.list, headers: Route.Header.paging), AnswerCatalogue.notFound]
                    + AnswerCatalogue.guarded,
                handler: self.list),
            Route(
                .get, "/api/v1/interactions/stats/{user_id}", "interactionStatistics", tag: "interactions", "Counts by type",
                parameters: [Self.id],
                answers: [.init(200, "Sent and received.", Self.statistics), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: self.statistics),
            Route(
                .get, "/api/v1/interactions/mutual/{user_id}/{other_id}", "mutualInteractions", tag: "interactions",
                "What is between two users", parameters: [Self.id, .path("other_id")],
                answers: [
                    .init(200, "Both directions, newest first.", Self.mutual), AnswerCatalogue.badRequest, AnswerCatalogue.notFound,
                ] + AnswerCatalogue.guarded,
                handler: self.mutual),
            Route(
                .get, "/api/v1/interactions/recent/{user_id}", "recentInteractions", tag: "interactions", "A user's latest interactions",
                parameters: [
                    Self.id, .query("hours", .integer(1...8760), default: .number("24"), "How far back."), Pagination.skip,
                    Pagination.limit, Pagination.cursor,
                ],
                answers: [.init(200, "Newest first.", InteractionJSON.list, headers: Route.Header.paging), AnswerCatalogue.notFound]
                    + AnswerCatalogue.guarded,
                handler: self.recent),
            Route(
                .get, "/api/v1/interactions/timeline/{user_id}", "interactionTimeline", tag: "interactions",
                "A user's interactions over time",
                parameters: [
                    Self.id, .query("days", .integer(1...3650), default: .number("30"), "How far back."),
                    .query("interval_days", .integer(1...365), default: .number("1"), "Length of an interval."),
                ],
                answers: [.init(200, "Oldest first.", Self.timeline), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: self.timeline),
        ]
    }

    // MARK: Shapes

    private static let count = Schema.integer(0...Int64.max)
    private static let statistics = Schema.named(
        "InteractionStatistics",
        .object([
            .init("user_id", .identifier), .init("sent", InteractionJSON.counts), .init("received", InteractionJSON.counts),
            .init("total_sent", count), .init("total_received", count),
        ]))
    private static let mutual = Schema.named(
        "MutualInteractions",
        .object([
            .init("user_id", .identifier), .init("other_user_id", .identifier), .init("mutual", .boolean),
            .init("interactions", InteractionJSON.list),
        ]))
    private static let timeline = Schema.array(
        .named(
            "TimelineInterval",
            .object([.init("start", .dateTime), .init("end", .dateTime), .init("counts", InteractionJSON.counts), .init("total", count)])
        ), maximumCount: 3651)

    // MARK: Recording

    @Sendable private func create(_ request: RouteRequest) async throws -> Response {
        let interaction = try InteractionJSON.newInteraction(request.body ?? .null)
        try request.identity.requireActing(as: interaction.userID)
        guard interaction.userID != interaction.targetUserID else {
            throw APIError(.badRequest, "A user can't interact with themself.")
        }
        try await self.limits.admitLike(of: interaction)
        let recorded = try await self.interactions.record(interaction)
        self.coherence.note(position: recorded.position, of: interaction.userID)
        try await self.settle(interaction)
        self.metrics.recorded(interaction.kind.rawValue)
        return Response(status: .created) { $0.interaction(recorded.interaction, matched: recorded.matched) }
    }

    /// Makes cached lists that the interaction touches unusable. Where somebody's safety is at stake, the answer waits for it.
    private func settle(_ interaction: NewInteraction) async throws {
        if interaction.kind.isSevering || interaction.kind == .unmatch {
            try await self.coherence.confirmChange(of: [interaction.userID, interaction.targetUserID])
        } else {
            await self.coherence.noteAction(of: interaction.userID)
        }
    }

    /// The answer before may have been lost together with the announcement.
    @Sendable private func settle(_ request: RouteRequest) async throws {
        try await self.settle(InteractionJSON.newInteraction(request.body ?? .null))
    }

    // MARK: Reading

    @Sendable private func list(_ request: RouteRequest) async throws -> Response {
        var query = InteractionQuery()
        query.kind = request.arguments.string("interaction_type").flatMap { InteractionKind(recordable: $0) }
        query.from = request.arguments.timestamp("start_date")
        query.to = request.arguments.timestamp("end_date")
        if let from = query.from, let to = query.to, from > to {
            throw APIError.invalid(query: "start_date", "must not be later than end_date")
        }
        return try await self.list(request, query)
    }

    @Sendable private func recent(_ request: RouteRequest) async throws -> Response {
        var query = InteractionQuery()
        query.from = request.scope.receivedAt.advanced(by: .seconds(-3600 * (try request.arguments.required("hours"))))
        return try await self.list(request, query)
    }

    private func list(_ request: RouteRequest, _ query: InteractionQuery) async throws -> Response {
        let id = try await self.existing(request)
        var query = query
        query.skip = try request.arguments.required("skip")
        query.limit = try request.arguments.required("limit")
        query.after = try request.arguments.pageMark()
        let interactions = try await self.interactions.interactions(of: id, query)
        let last = interactions.count == query.limit ? interactions.last : nil
        let next = last.map { PageCursor.mark(PageMark(time: $0.timestamp, id: $0.id)).text }
        return Response(headers: Pagination.headers(next: next, target: request.target)) { writer in
            writer.array(interactions) { $0.interaction($1) }
        }
    }

    @Sendable private func statistics(_ request: RouteRequest) async throws -> Response {
        let id = try await self.existing(request)
        let statistics = try await self.interactions.statistics(of: id)
        return Response { writer in
            writer.object { writer in
                writer.key("user_id")
                writer.integer(id.rawValue)
                writer.key("sent")
                writer.counts(statistics.sent)
                writer.key("received")
                writer.counts(statistics.received)
                writer.key("total_sent")
                writer.integer(statistics.sent.values.reduce(0, +))
                writer.key("total_received")
                writer.integer(statistics.received.values.reduce(0, +))
            }
        }
    }

    @Sendable private func mutual(_ request: RouteRequest) async throws -> Response {
        let (first, second) = (try request.arguments.userID(), try request.arguments.userID("other_id"))
        guard request.identity.mayActAs(first) || request.identity.mayActAs(second) else {
            throw APIError.forbidden("This token may act only as its own user.")
        }
        guard first != second else { throw APIError(.badRequest, "There is nothing mutual between a user and themself.") }
        let known = Set(try await self.users.users([first, second]).map(\.id))
        let missing = [first, second].filter { !known.contains($0) }
        guard missing.isEmpty else { throw RepositoryError(.unknownUser, missing: missing) }
        let isMatch = try await self.interactions.isMatch(first, second)
        var interactions = try await self.interactions.between(first, second)
        // What the other one did stays theirs; of a match, both know that they liked each other.
        if let viewer = request.identity.userID {
            interactions.removeAll { $0.userID != viewer && !(isMatch && $0.kind.isPositive) }
        }
        return Response { writer in
            writer.object { writer in
                writer.key("user_id")
                writer.integer(first.rawValue)
                writer.key("other_user_id")
                writer.integer(second.rawValue)
                writer.key("mutual")
                writer.bool(isMatch)
                writer.key("interactions")
                writer.array(interactions) { $0.interaction($1) }
            }
        }
    }

    @Sendable private func timeline(_ request: RouteRequest) async throws -> Response {
        let id = try await self.existing(request)
        let interval = try request.arguments.required("interval_days")
        let since = request.scope.receivedAt.advanced(by: .seconds(-86_400 * (try request.arguments.required("days"))))
        let buckets = try await self.interactions.timeline(of: id, since: since, intervalDays: interval)
        return Response { writer in
            writer.array(buckets) { writer, bucket in
                writer.object { writer in
                    writer.key("start")
                    writer.timestamp(bucket.start)
                    writer.key("end")
                    writer.timestamp(bucket.start.advanced(by: .seconds(86_400 * interval)))
                    writer.key("counts")
                    writer.counts(bucket.counts)
                    writer.key("total")
                    writer.integer(bucket.counts.values.reduce(0, +))
                }
            }
        }
    }

    /// The person of the address, who exists and whom the bearer may act for.
    private func existing(_ request: RouteRequest) async throws -> UserID {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        guard try await self.users.user(id) != nil else { throw APIError.unknownUser(id.rawValue) }
        return id
    }
}
