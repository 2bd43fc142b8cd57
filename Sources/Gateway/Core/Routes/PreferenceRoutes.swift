internal import Domain
internal import Hummingbird

/// Whom people seek.
struct PreferenceRoutes: Sendable {
    let users: any UserRepository
    let coherence: CacheCoherence

    private static let id = Parameter.path("user_id")

    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/users/{user_id}/preferences", "getPreferences", tag: "users", "What a user seeks",
                parameters: [Self.id],
                answers: [.init(200, "What the user seeks.", PreferencesJSON.preferences), AnswerCatalogue.notFound]
                    + AnswerCatalogue.guarded,
                handler: self.read),
            Route(
                .put, "/api/v1/users/{user_id}/preferences", "setPreferences", tag: "users", "Say what a user seeks",
                details: """
                    Replaces all of it: what is left out excludes nobody. Two people are proposed to each other only if each fits what the \
                    other seeks. Holds from the next request on.
                    """,
                parameters: [Self.id], body: PreferencesJSON.change,
                example: [
                    "genders": ["female", "other"], "min_age": 25, "max_age": 38, "max_distance_km": 50,
                    "excluded_interests": ["gambling"], "intent": "dating",
                ],
                answers: [.init(200, "What the user seeks now.", PreferencesJSON.preferences), AnswerCatalogue.notFound]
                    + AnswerCatalogue.guardedWithBody,
                handler: self.replace),
        ]
    }

    @Sendable private func read(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        guard let preferences = try await self.users.preferences(of: id) else { throw APIError.unknownUser(id.rawValue) }
        return Response { $0.preferences(preferences) }
    }

    @Sendable private func replace(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        let preferences = try PreferencesJSON.preferences(request.body ?? .null)
        guard try await self.users.setPreferences(preferences, of: id) else { throw APIError.unknownUser(id.rawValue) }
        try await self.coherence.confirmChange(of: [id])
        return Response { $0.preferences(preferences) }
    }
}
