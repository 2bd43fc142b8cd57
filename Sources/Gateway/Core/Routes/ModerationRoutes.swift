internal import Domain
internal import Hummingbird

/// Takes people out of everybody's sight, and brings them back.
struct ModerationRoutes: Sendable {
    let users: any UserRepository
    let coherence: CacheCoherence
    let audit: Audit

    var routes: [Route] {
        let path = "/api/v1/admin/users/{user_id}/ban"
        return [
            Route(
                .post, path, "banUser", tag: "admin", "Ban a user",
                details: "Once this is answered, nobody is shown the user, and the user is answered as if they did not exist.",
                access: .roles([.admin]), parameters: [.path("user_id")],
                answers: [.init(204, "Banned."), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: { try await self.set(true, "user.ban", $0) }),
            Route(
                .delete, path, "liftBan", tag: "admin", "Lift a user's ban", access: .roles([.admin]), parameters: [.path("user_id")],
                answers: [.init(204, "Lifted, or never banned."), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: { try await self.set(false, "user.lift-ban", $0) }),
        ]
    }

    private func set(_ isBanned: Bool, _ action: String, _ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        guard try await self.users.exists(id) else { throw APIError.unknownUser(id.rawValue) }
        try await self.audit.note(action, of: id.description, request)
        guard try await self.users.setBan(isBanned, of: id) else { throw APIError.unknownUser(id.rawValue) }
        try await self.coherence.confirmChange(of: [id])
        return Response(status: .noContent)
    }
}
