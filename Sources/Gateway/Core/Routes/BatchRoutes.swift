internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// Many at once, with a result a row.
struct BatchRoutes: Sendable {
    let users: any UserRepository
    let interactions: any InteractionRepository
    let coherence: CacheCoherence
    let limits: RateLimits
    let recommendations: RecommendationService
    let metrics: GatewayMetrics

    private static let rowLimit = 500
    private static let bodyLimit = 4 << 20
    private static let budget: Duration = .seconds(30)

    var routes: [Route] { [self.createUsers, self.createInteractions, self.recommend] }

    private var createUsers: Route {
        var route = Route(
            .post, "/api/v1/users/batch", "createUsers", tag: "users", "Create many users",
            details: "A row that is refused does not stop the others.", access: .roles([.service, .admin]),
            body: .array(UserJSON.creation, maximumCount: Self.rowLimit),
            example: [
                ["name": "Jane Doe", "age": 28, "gender": "female", "location": "San Francisco", "interests": ["hiking"]],
                ["name": "John Roe", "age": 31, "gender": "male", "location": "Oakland"],
            ],
            answers: BatchResult.answers("UserBatch", member: "user", UserJSON.user) + AnswerCatalogue.guardedWithBody
        ) { request in
            try await self.run(request, schema: UserJSON.creation) { row in
                let user = try await self.users.create(UserJSON.newUser(row))
                return BatchResult.Row(status: 201) { writer in
                    writer.key("user")
                    writer.user(user)
                }
            }
        }
        Self.configure(&route, line: "A UserCreate a line.")
        return route
    }

    private var createInteractions: Route {
        var route = Route(
            .post, "/api/v1/interactions/batch", "createInteractions", tag: "interactions", "Record many interactions",
            details: "In the order given. A row that is refused does not stop the others.",
            body: .array(InteractionJSON.creation, maximumCount: Self.rowLimit),
            example: [
                ["user_id": 1, "target_user_id": 2, "interaction_type": "like"],
                ["user_id": 1, "target_user_id": 3, "interaction_type": "dislike"],
            ],
            answers: BatchResult.answers("InteractionBatch", member: "interaction", InteractionJSON.recorded)
                + AnswerCatalogue.guardedWithBody,
            replay: { try await self.settle($0.body?.array ?? []) }
        ) { request in
            let response = try await self.run(request, schema: InteractionJSON.creation) { row in
                let recorded = try await self.record(row, by: request.identity)
                return BatchResult.Row(status: 201) { writer in
                    writer.key("interaction")
                    writer.interaction(recorded.interaction, matched: recorded.matched)
                }
            }
            try await self.settle(request.body?.array ?? [])
            return response
        }
        Self.configure(&route, line: "An InteractionCreate a line.")
        return route
    }

    private static func configure(_ route: inout Route, line: String) {
        route.linesOfBody = line
        route.bodyLimit = Self.bodyLimit
        route.budget = Self.budget
        route.cost = { $0.body?.array?.count ?? 1 }
    }

    // MARK: Interactions

    private func record(_ row: JSONValue, by identity: Identity) async throws -> RecordedInteraction {
        let interaction = try InteractionJSON.newInteraction(row)
        try identity.requireActing(as: interaction.userID)
        guard interaction.userID != interaction.targetUserID else {
            throw APIError(.badRequest, "A user can't interact with themself.")
        }
        try await self.limits.admitLike(of: interaction)
        let recorded = try await self.interactions.record(interaction)
        self.coherence.note(position: recorded.position, of: interaction.userID)
        self.metrics.recorded(interaction.kind.rawValue)
        return recorded
    }

    /// Announces once what all rows change. Rows that were refused announce a little too much, which does no harm.
    private func settle(_ rows: [JSONValue]) async throws {
        var changed: Set<UserID> = []
        var acted: Set<UserID> = []
        for row in rows where InteractionJSON.creation.faults(in: row, at: []).isEmpty {
            guard let interaction = try? InteractionJSON.newInteraction(row) else { continue }
            if interaction.kind.isSevering || interaction.kind == .unmatch {
                changed.formUnion([interaction.userID, interaction.targetUserID])
            } else {
                acted.insert(interaction.userID)
            }
        }
        for person in acted.subtracting(changed) { await self.coherence.noteAction(of: person) }
        if !changed.isEmpty { try await self.coherence.confirmChange(of: changed.sorted()) }
    }

    // MARK: Rows

    /// Runs each row that is valid, one after the other; what a row throws becomes its result, unless it concerns the whole server.
    private func run(
        _ request: RouteRequest, schema: Schema, _ perform: (JSONValue) async throws -> BatchResult.Row
    ) async throws -> Response {
        var result = BatchResult()
        for (index, row) in (request.body?.array ?? []).enumerated() {
            let faults = schema.faults(in: row, at: [.name("body"), .index(index)])
            if !faults.isEmpty {
                result.rows.append(.init(APIError.invalid(faults)))
                continue
            }
            do {
                result.rows.append(try await perform(row))
            } catch let error as APIError {
                result.rows.append(.init(error))
            } catch let error as RepositoryError {
                guard let known = APIError(error) else { throw error }
                result.rows.append(.init(known))
            }
        }
        return result.response
    }

    // MARK: Recommendations

    private static let recommendationLimit = 100

    private var recommend: Route {
        var route = Route(
            .post, "/api/v1/recommendations/batch", "recommendForMany", tag: "recommendations", "People to meet, for many users",
            details: "Each user's list is what `recommend` would answer, from the same cache.", access: .roles([.service, .admin]),
            body: .named(
                "RecommendationBatchRequest",
                .object([
                    .init("user_ids", .array(.identifier, maximumCount: Self.recommendationLimit)),
                    .init("limit", .integer(1...100), required: false, "Of each list; 20 by default."),
                    .init("exclude_seen", .boolean, required: false, "Leave out who was liked or passed on; true by default."),
                ])),
            example: ["user_ids": [1, 2, 3], "limit": 10],
            answers: BatchResult.answers("RecommendationBatch", member: "list", RecommendationJSON.list) + AnswerCatalogue.guardedWithBody
        ) { request in
            let ids = (request.body?["user_ids"]?.array ?? []).compactMap { $0.integer.map { UserID($0) } }
            var result = BatchResult()
            for id in ids { result.rows.append(try await self.list(of: id, request)) }
            return result.response
        }
        route.budget = Self.budget
        route.cost = { $0.body?["user_ids"]?.array?.count ?? 1 }
        return route
    }

    private func list(of id: UserID, _ request: RouteRequest) async throws -> BatchResult.Row {
        let query = RecommendationQuery(
            viewer: id, limit: request.body?["limit"]?.integer.map { Int($0) } ?? 20,
            excludesSeen: request.body?["exclude_seen"]?.bool ?? true)
        do {
            let body = try await self.recommendations.answer(query, scope: request.scope).collectedBody()
            return BatchResult.Row(status: 200) { writer in
                writer.key("list")
                writer.raw(body[...])
            }
        } catch let error as APIError {
            return .init(error)
        } catch let error as RepositoryError {
            guard let known = APIError(error) else { throw error }
            return .init(known)
        }
    }
}

/// What became of the rows of a batch.
struct BatchResult {
    struct Row {
        let status: Int
        let bytes: [UInt8]

        /// - Parameter member: Writes the member that holds what was made.
        init(status: Int, _ member: (inout JSONWriter) -> Void) {
            self.status = status
            self.bytes = JSONWriter.bytes { writer in
                writer.object { writer in
                    writer.key("status")
                    writer.integer(status)
                    member(&writer)
                }
            }
        }

        init(_ error: APIError) {
            self.init(status: error.status.code) { writer in
                writer.key("error")
                writer.string(error.sentence)
                writer.key("detail")
                error.detail.write(to: &writer)
            }
        }
    }

    var rows: [Row] = []

    /// 200 when every row was done, else 207.
    var response: Response {
        let failed = self.rows.count { $0.status >= 400 }
        return Response(status: failed == 0 ? .ok : .init(code: 207, reasonPhrase: "Multi-Status")) { writer in
            writer.object { writer in
                writer.key("succeeded")
                writer.integer(self.rows.count - failed)
                writer.key("failed")
                writer.integer(failed)
                writer.key("results")
                writer.array(self.rows) { $0.raw($1.bytes[...]) }
            }
        }
    }

    /// - Parameter member: Name of the row's member that holds what was made.
    static func answers(_ name: String, member: String, _ schema: Schema) -> [Route.Answer] {
        let row = Schema.named(
            "\(name)Row",
            .object([
                .init("status", .integer(200...599), "As the same request alone would be answered."), .init(member, schema, required: false),
                .init("error", .text(), required: false), .init("detail", .anything, required: false),
            ]))
        let result = Schema.named(
            "\(name)Result",
            .object([
                .init("succeeded", .integer(0...1000)), .init("failed", .integer(0...1000)),
                .init("results", .array(row, maximumCount: 1000), "In the order of the rows."),
            ]))
        return [.init(200, "Every row was done.", result), .init(207, "Some rows were refused; each says why.", result)]
    }
}
