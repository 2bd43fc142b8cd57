internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// People: create, read, change, erase, list and search.
struct UserRoutes: Sendable {
    let users: any UserRepository
    let interactions: any InteractionRepository
    let gate: any GateRepository
    let coherence: CacheCoherence
    let profiles: ProfileCache
    let audit: Audit

    private static let id = Parameter.path("user_id")
    private static let filters: [Parameter] = [
        .query("location", .text(1...200), "Part of the location, in any case."),
        .query("min_age", .integer(0...150)), .query("max_age", .integer(0...150)),
        .query("gender", .choice(UserJSON.genders)),
        .query("interest", .text(1...200), "One interest, in any case."),
        .query("q", .text(1...500), "Words in the name, biography or interests."),
    ]

    var routes: [Route] {
        [
            Route(
                .post, "/api/v1/users/", "createUser", tag: "users", "Create a user", access: .roles([.service, .admin]),
                body: UserJSON.creation,
                example: [
                    "name": "Jane Doe", "age": 28, "gender": "female", "location": "San Francisco",
                    "bio": "Love hiking and photography", "interests": ["hiking", "photography", "travel"],
                ],
                answers: [.init(201, "Created.", UserJSON.user, headers: [.location], links: Self.next)] + AnswerCatalogue.guardedWithBody,
                handler: self.create),
            Route(
                .get, "/api/v1/users/", "listUsers", tag: "users", "List users",
                parameters: [Pagination.skip, Pagination.limit, Pagination.cursor] + Self.filters,
                answers: [.init(200, "Users by ascending id.", UserJSON.list, headers: Route.Header.paging)] + AnswerCatalogue.guarded,
                handler: self.list),
            Route(
                .get, "/api/v1/users/search/active", "searchActiveUsers", tag: "users", "Users who were active lately",
                parameters: [
                    .query("days_since_active", .integer(1...365), default: .number("30")), Pagination.skip, Pagination.limit,
                    Pagination.cursor,
                ],
                answers: [.init(200, "Users by ascending id.", UserJSON.list, headers: Route.Header.paging)] + AnswerCatalogue.guarded,
                handler: self.active),
            Route(
                .get, "/api/v1/users/search/by-interest", "searchUsersByInterest", tag: "users", "Users with an interest",
                parameters: [
                    .query("interest", .text(1...200), required: true, "In any case.", example: "hiking"), Pagination.skip, Pagination.limit,
                    Pagination.cursor,
                ],
                answers: [.init(200, "Users by ascending id.", UserJSON.list, headers: Route.Header.paging)] + AnswerCatalogue.guarded,
                handler: self.list),
            Route(
                .get, "/api/v1/users/{user_id}", "getUser", tag: "users", "Read a user", parameters: [Self.id],
                answers: [.init(200, "The user.", UserJSON.user), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: self.read),
            Route(
                .put, "/api/v1/users/{user_id}", "updateUser", tag: "users", "Change a user", parameters: [Self.id],
                body: UserJSON.change, example: ["bio": "Moved to the sea", "interests": ["sailing", "photography"]],
                answers: [.init(200, "The whole user.", UserJSON.user), AnswerCatalogue.notFound] + AnswerCatalogue.guardedWithBody,
                handler: self.update),
            Route(
                .delete, "/api/v1/users/{user_id}", "eraseUser", tag: "users", "Erase a user everywhere",
                details: "Rows go at once; `Location` leads to a receipt that is completed when every copy is gone, too.",
                parameters: [Self.id],
                answers: [.init(204, "Erased; Location leads to the receipt.", headers: [.location]), AnswerCatalogue.notFound]
                    + AnswerCatalogue.guarded,
                handler: self.erase),
            Route(
                .delete, "/api/v1/users/{user_id}/blocks/{other_id}", "liftBlock", tag: "users", "Lift one's own block",
                parameters: [Self.id, .path("other_id")],
                answers: [.init(204, "Lifted."), AnswerCatalogue.notFound] + AnswerCatalogue.guarded, handler: self.liftBlock),
            Route(
                .get, "/api/v1/erasures/{receipt}", "getErasure", tag: "privacy", "State of an erasure",
                parameters: [.path("receipt", .string(.init(1...64, format: .uuid)))],
                answers: [.init(200, "Where it stands.", ErasureJSON.schema), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: self.erasure),
        ]
    }

    /// What a new user is good for.
    private static let next = [
        "getUser", "updateUser", "eraseUser", "recommend", "explainRecommendations", "similarUsers", "interactionStatistics",
        "recentInteractions", "interactionTimeline", "getPreferences", "setPreferences",
    ].map { Route.Link($0, ["user_id": "$response.body#/id"]) }

    // MARK: One person

    @Sendable private func create(_ request: RouteRequest) async throws -> Response {
        let user = try await self.users.create(UserJSON.newUser(request.body ?? .null))
        return Response(status: .created, headers: [.location: "/api/v1/users/\(user.id)"]) { $0.user(user) }
    }

    @Sendable private func read(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        let viewer = request.identity.userID
        let ticket = await self.profiles.refresh()
        if ticket != nil, let profile = self.profiles.profile(of: id, for: viewer) { return Response(json: profile) }
        // A block hides the profile as if it did not exist: the answer must not tell the difference.
        if let viewer, viewer != id, try await self.gate.isSevered(viewer, id) {
            throw APIError.unknownUser(id.rawValue)
        }
        guard let user = try await self.users.user(id) else { throw APIError.unknownUser(id.rawValue) }
        let profile = ByteBuffer(bytes: JSONWriter.bytes { $0.user(user) })
        if let ticket { self.profiles.store(profile, of: id, for: viewer, ticket) }
        return Response(json: profile)
    }

    @Sendable private func update(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        guard let body = request.body, case .object(let members) = body, !members.isEmpty else {
            throw APIError.invalid([.init([.name("body")], "must have at least one member", type: "too_short")])
        }
        guard let user = try await self.users.update(id, UserJSON.change(body)) else { throw APIError.unknownUser(id.rawValue) }
        try await self.coherence.confirmChange(of: [id])
        return Response { $0.user(user) }
    }

    @Sendable private func erase(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        if try await self.users.exists(id) { try await self.audit.note("user.erase", of: id.description, request) }
        let erasure = try await self.users.erase(id)
        // Also for one who is gone already: the attempt before may have stopped between the commit and this.
        try await self.coherence.confirmChange(of: [id])
        guard let erasure else { throw APIError.unknownUser(id.rawValue) }
        return Response(status: .noContent, headers: [.location: "/api/v1/erasures/\(erasure.receipt)"])
    }

    @Sendable private func liftBlock(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        let other = try request.arguments.userID("other_id")
        try request.identity.requireActing(as: id)
        let wasLifted = try await self.interactions.liftBlock(by: id, of: other)
        try await self.coherence.confirmChange(of: [id, other])
        guard wasLifted else { throw APIError(.notFound, "There is no such block.") }
        return Response(status: .noContent)
    }

    @Sendable private func erasure(_ request: RouteRequest) async throws -> Response {
        let receipt = request.arguments.string("receipt")?.lowercased() ?? ""
        guard let erasure = try await self.users.erasure(receipt), request.identity.mayActAs(erasure.userID) else {
            throw APIError(.notFound, "There is no such erasure.")
        }
        return Response { $0.erasure(erasure) }
    }

    // MARK: Many

    @Sendable private func list(_ request: RouteRequest) async throws -> Response { try await self.list(request, activeSince: nil) }

    @Sendable private func active(_ request: RouteRequest) async throws -> Response {
        let days = try request.arguments.required("days_since_active")
        return try await self.list(request, activeSince: request.scope.receivedAt.advanced(by: .seconds(-86_400 * days)))
    }

    private func list(_ request: RouteRequest, activeSince: Timestamp?) async throws -> Response {
        let arguments = request.arguments
        var query = UserQuery()
        query.skip = try arguments.required("skip")
        query.limit = try arguments.required("limit")
        if let text = arguments.string("cursor") {
            guard case .after(let id) = PageCursor(text) else { throw APIError.invalid(query: "cursor", "is no cursor of this list") }
            query.after = id
        }
        query.location = arguments.string("location")
        (query.minimumAge, query.maximumAge) = try arguments.ageRange()
        query.gender = arguments.string("gender").flatMap { Gender(rawValue: $0) }
        query.interest = arguments.string("interest")
        query.text = arguments.string("q")
        query.activeSince = activeSince
        query.viewer = request.identity.userID
        let users = try await self.users.list(query)
        let next = users.count == query.limit ? users.last.map { PageCursor.after($0.id).text } : nil
        return Response(headers: Pagination.headers(next: next, target: request.target)) { writer in
            writer.array(users) { $0.user($1) }
        }
    }
}

extension Arguments {
    /// `min_age` and `max_age`.
    /// - Throws: ``APIError`` 422 when no age lies between them.
    func ageRange() throws(APIError) -> (minimum: Int?, maximum: Int?) {
        let (minimum, maximum) = (self.integer("min_age"), self.integer("max_age"))
        if let minimum, let maximum, minimum > maximum {
            throw .invalid(query: "min_age", "must not be larger than max_age")
        }
        return (minimum, maximum)
    }
}
