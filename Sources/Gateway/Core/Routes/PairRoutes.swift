internal import Domain
internal import Hummingbird

/// What there is between a person and others: who waits for an answer, and the matches.
struct PairRoutes: Sendable {
    let pairs: any PairRepository
    let users: any UserRepository

    private static let id = Parameter.path("user_id")
    private static let paging = [
        Parameter.query("limit", .integer(1...1000), default: .number("100"), "How many at most."), Pagination.cursor,
    ]
    private static let admirer = Schema.named(
        "Admirer", .object([.init("user", UserJSON.user), .init("liked_at", .dateTime), .init("super_like", .boolean)]))
    private static let match = Schema.named("Match", .object([.init("user", UserJSON.user), .init("matched_at", .dateTime)]))

    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/users/{user_id}/likes-me", "listAdmirers", tag: "interactions", "Who likes a user and waits for an answer",
                details: "Newest first. Whether a user may know is the product's to decide: their own tokens can't ask.",
                access: .roles([.service, .admin]), parameters: [Self.id] + Self.paging,
                answers: [
                    .init(200, "Newest first.", .array(Self.admirer, maximumCount: 1000), headers: Route.Header.paging),
                    AnswerCatalogue.notFound,
                ] + AnswerCatalogue.guarded,
                handler: self.admirers),
            Route(
                .get, "/api/v1/users/{user_id}/matches", "listMatches", tag: "interactions", "A user's matches",
                parameters: [Self.id] + Self.paging,
                answers: [
                    .init(200, "Newest first.", .array(Self.match, maximumCount: 1000), headers: Route.Header.paging),
                    AnswerCatalogue.notFound,
                ] + AnswerCatalogue.guarded,
                handler: self.matches),
        ]
    }

    @Sendable private func admirers(_ request: RouteRequest) async throws -> Response {
        let (id, mark, limit) = try await self.page(request)
        let admirers = try await self.pairs.admirers(of: id, after: mark, limit: limit)
        let next = admirers.count == limit ? admirers.last.map { PageMark(time: $0.likedAt, id: $0.user.id.rawValue) } : nil
        return Response(headers: Pagination.headers(next: next.map { PageCursor.mark($0).text }, target: request.target)) { writer in
            writer.array(admirers) { writer, admirer in
                writer.object { writer in
                    writer.key("user")
                    writer.user(admirer.user)
                    writer.key("liked_at")
                    writer.string(admirer.likedAt.iso8601)
                    writer.key("super_like")
                    writer.bool(admirer.isSuperLike)
                }
            }
        }
    }

    @Sendable private func matches(_ request: RouteRequest) async throws -> Response {
        let (id, mark, limit) = try await self.page(request)
        let matches = try await self.pairs.matches(of: id, after: mark, limit: limit)
        let next = matches.count == limit ? matches.last.map { PageMark(time: $0.since, id: $0.user.id.rawValue) } : nil
        return Response(headers: Pagination.headers(next: next.map { PageCursor.mark($0).text }, target: request.target)) { writer in
            writer.array(matches) { writer, match in
                writer.object { writer in
                    writer.key("user")
                    writer.user(match.user)
                    writer.key("matched_at")
                    writer.string(match.since.iso8601)
                }
            }
        }
    }

    private func page(_ request: RouteRequest) async throws -> (UserID, PageMark?, Int) {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        let mark = try request.arguments.pageMark()
        guard try await self.users.user(id) != nil else { throw APIError.unknownUser(id.rawValue) }
        return (id, mark, try request.arguments.required("limit"))
    }
}

extension Arguments {
    /// Where a list that is ordered by time goes on.
    /// - Throws: ``APIError`` 422 for a cursor of another kind of list.
    func pageMark() throws(APIError) -> PageMark? {
        guard let text = self.string("cursor") else { return nil }
        guard case .mark(let mark) = PageCursor(text) else { throw .invalid(query: "cursor", "is no cursor of this list") }
        return mark
    }
}
