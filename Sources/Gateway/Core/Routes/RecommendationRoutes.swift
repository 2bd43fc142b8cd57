internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import Mesh
internal import Telemetry

/// Lists of people for a person, why they are on it, and how the recommender does.
struct RecommendationRoutes: Sendable {
    let service: RecommendationService
    let pipeline: RecommendationPipeline
    let catalogue: ModelCatalogue
    let coherence: CacheCoherence
    let users: any UserRepository
    let metrics: GatewayMetrics

    private static let prefix = "/api/v1/recommendations"
    private static let id = Parameter.path("user_id")
    private static let parameters: [Parameter] = [
        id, .query("limit", .integer(1...100), default: .number("20"), "How many at most."),
        .query("exclude_seen", .boolean, default: .bool(true), "Leave out who was liked or passed on."),
        .query("min_age", .integer(0...150)), .query("max_age", .integer(0...150)), .query("gender", .choice(UserJSON.genders)),
        .query("location", .text(1...200), "Part of the location, in any case."),
        .query("max_distance_km", .number(0...20_100), "From the user's own place."),
        .query("interest", .text(1...200), "One interest, in any case."),
        .query("algorithm_version", .text(1...100), "A model version; absent: the active one."),
        .query("cursor", .text(1...8192), "Where the previous page ended: its next_cursor."),
    ]

    var routes: [Route] {
        [
            Route(
                .get, "\(Self.prefix)/users/{user_id}/recommendations", "recommend", tag: "recommendations", "People to meet",
                parameters: Self.parameters,
                answers: [.init(200, "Best first.", RecommendationJSON.list), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: { try await self.recommend($0, explains: false) }),
            Route(
                .get, "\(Self.prefix)/users/{user_id}/recommendations/explain", "explainRecommendations", tag: "recommendations",
                "People to meet, and why", parameters: Self.parameters,
                answers: [.init(200, "Best first.", RecommendationJSON.explained), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: { try await self.recommend($0, explains: true) }),
            Route(
                .get, "\(Self.prefix)/users/{user_id}/similar", "similarUsers", tag: "recommendations", "People like a person",
                parameters: [Self.id, .query("limit", .integer(1...100), default: .number("20"), "How many at most.")],
                answers: [.init(200, "Most similar first.", Self.similarUsers), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
                handler: self.similar),
            Route(
                .post, "\(Self.prefix)/refresh", "refreshRecommendations", tag: "recommendations", "Forget a user's cached lists",
                parameters: [.query("user_id", .identifier, "Unless it is in the body; a user's own by default.")],
                body: .named("RefreshRequest", .object([.init("user_id", .identifier, required: false)])), isBodyRequired: false,
                answers: [.init(200, "The next list is made anew.", Self.refreshed), AnswerCatalogue.notFound]
                    + AnswerCatalogue.guardedWithBody,
                handler: self.refresh),
            Route(
                .get, "\(Self.prefix)/performance", "recommendationPerformance", tag: "recommendations",
                "How the recommender does, counted by the process that answers",
                answers: [.init(200, "Counts and times.", .anyObject)] + AnswerCatalogue.guarded, handler: self.performance),
            Route(
                .get, "\(Self.prefix)/algorithm/versions", "algorithmVersions", tag: "recommendations", "Models that can be asked for",
                answers: [.init(200, "Newest first.", Self.versions)] + AnswerCatalogue.guarded, handler: self.versions),
        ]
    }

    // MARK: Shapes

    private static let similarUsers = Schema.array(
        .named("SimilarUser", .object(UserJSON.properties + [.init("similarity", .number(-1...1))])), maximumCount: 100)
    private static let refreshed = Schema.named(
        "Refreshed", .object([.init("status", .text()), .init("user_id", .identifier), .init("timestamp", .dateTime)]))
    private static let versions = Schema.named(
        "AlgorithmVersions",
        .object([
            .init("active", .nullable(.text())),
            .init(
                "versions",
                .array(
                    .named(
                        "AlgorithmVersion",
                        .object([
                            .init("version", .text()), .init("active", .boolean), .init("created_at", .dateTime),
                            .init("schema_version", .anyInteger),
                        ])), maximumCount: 100_000)),
        ]))

    // MARK: Lists

    private func recommend(_ request: RouteRequest, explains: Bool) async throws -> Response {
        let arguments = request.arguments
        let viewer = try arguments.userID()
        try request.identity.requireActing(as: viewer)
        var filter = RecommendationFilter()
        (filter.minimumAge, filter.maximumAge) = try arguments.ageRange()
        filter.gender = arguments.string("gender").flatMap { Gender(rawValue: $0) }
        filter.location = arguments.string("location")
        filter.maximumDistance = arguments.number("max_distance_km")
        filter.interest = arguments.string("interest")
        var query = RecommendationQuery(
            viewer: viewer, limit: try arguments.required("limit"), excludesSeen: arguments.boolean("exclude_seen") ?? true,
            filter: filter, algorithmVersion: arguments.string("algorithm_version"), explains: explains)
        if let version = query.algorithmVersion { try await self.catalogue.require(version) }
        if let text = arguments.string("cursor") {
            guard let cursor = ListCursor(text), cursor.viewer == viewer, cursor.queryHash == StableHash.hash(query.listKey.utf8) else {
                throw APIError.invalid(query: "cursor", "is no cursor of this list")
            }
            query.cursor = cursor
        }
        return try await self.service.answer(query, scope: request.scope)
    }

    @Sendable private func similar(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        guard try await self.users.user(id) != nil else { throw APIError.unknownUser(id.rawValue) }
        let found: [(user: User, similarity: Double)]
        do {
            found = try await self.pipeline.similar(
                to: id, viewer: id, limit: try request.arguments.required("limit"), scope: request.scope)
        } catch let error as MeshError where error.code == .notFound {
            // Nobody has judged this person yet, or the index has not heard of them.
            found = []
        } catch is MeshError {
            throw APIError.unavailable("The candidate service")
        }
        return Response { writer in
            writer.array(found) { writer, person in
                writer.user(
                    person.user,
                    extending: { writer in
                        writer.key("similarity")
                        writer.double(max(-1, min(1, person.similarity)), decimals: 6)
                    })
            }
        }
    }

    @Sendable private func refresh(_ request: RouteRequest) async throws -> Response {
        let named = request.body?["user_id"]?.integer ?? request.arguments.integer("user_id").map { Int64($0) }
        guard let id = named.map({ UserID($0) }) ?? request.identity.userID else {
            throw APIError.invalid([.init([.name("body"), .name("user_id")], "is required", type: "missing")])
        }
        try request.identity.requireActing(as: id)
        guard try await self.users.user(id) != nil else { throw APIError.unknownUser(id.rawValue) }
        try await self.coherence.confirmRefresh(of: id)
        return Response { writer in
            writer.object { writer in
                writer.key("status")
                writer.string("refreshed")
                writer.key("user_id")
                writer.integer(id.rawValue)
                writer.key("timestamp")
                writer.timestamp(request.scope.receivedAt)
            }
        }
    }

    // MARK: About the recommender

    @Sendable private func performance(_ request: RouteRequest) async throws -> Response {
        let (hits, misses) = (self.metrics.cacheHits.value, self.metrics.cacheMisses.value)
        return Response { writer in
            writer.object { writer in
                writer.key("algorithm_version")
                writer.string(self.catalogue.servedVersion)
                writer.key("cache")
                writer.object { writer in
                    writer.key("hits")
                    writer.integer(hits)
                    writer.key("misses")
                    writer.integer(misses)
                    writer.key("unavailable")
                    writer.integer(self.metrics.cacheFailures.value)
                    writer.key("hit_rate")
                    if hits + misses > 0 { writer.double(Double(hits) / Double(hits + misses), decimals: 4) } else { writer.null() }
                }
                writer.key("generation_ms")
                writer.times(self.metrics.generation.snapshot)
                writer.key("hit_ms")
                writer.times(self.metrics.hit.snapshot)
                writer.key("stages_ms")
                writer.object { writer in
                    for stage in GatewayMetrics.Stage.allCases {
                        guard let snapshot = self.metrics.histogram(of: stage) else { continue }
                        writer.key(dynamic: stage.rawValue)
                        writer.times(snapshot)
                    }
                }
                writer.key("candidate_pool_mean")
                writer.mean(self.metrics.candidatePool.snapshot)
                writer.key("list_length_mean")
                writer.mean(self.metrics.listLength.snapshot)
                writer.key("degraded")
                writer.object { writer in
                    for (stage, count) in self.metrics.degradedCounts() {
                        writer.key(dynamic: stage)
                        writer.integer(count)
                    }
                }
                writer.key("timestamp")
                writer.timestamp(request.scope.receivedAt)
            }
        }
    }

    @Sendable private func versions(_ request: RouteRequest) async throws -> Response {
        await self.catalogue.refresh()
        let models = self.catalogue.models
        return Response { writer in
            writer.object { writer in
                writer.key("active")
                writer.optional(models.first(where: \.isActive)?.version)
                writer.key("versions")
                writer.array(models) { $0.model($1) }
            }
        }
    }
}

extension JSONWriter {
    mutating func model(_ model: ServedModel) {
        self.object { writer in
            writer.key("version")
            writer.string(model.version)
            writer.key("active")
            writer.bool(model.isActive)
            writer.key("created_at")
            writer.timestamp(model.createdAt)
            writer.key("schema_version")
            writer.integer(model.schemaVersion)
        }
    }

    /// Count, mean and quantiles of times, in milliseconds.
    mutating func times(_ snapshot: HistogramSnapshot) {
        self.object { writer in
            writer.key("count")
            writer.integer(snapshot.count)
            writer.key("mean")
            if snapshot.count > 0 { writer.double(1000 * snapshot.sum / Double(snapshot.count), decimals: 3) } else { writer.null() }
            for (name, fraction) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
                writer.key(dynamic: name)
                if let value = snapshot.quantile(fraction) { writer.double(1000 * value, decimals: 3) } else { writer.null() }
            }
        }
    }

    mutating func mean(_ snapshot: HistogramSnapshot) {
        if snapshot.count > 0 { self.double(snapshot.sum / Double(snapshot.count), decimals: 2) } else { self.null() }
    }
}
