internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// What an operator does: models, the mesh, caches, tokens, and who did what.
struct AdminRoutes: Sendable {
    let models: any ModelRepository
    let catalogue: ModelCatalogue
    let replicas: any ReplicaDirectory
    let copies: any CopyMaintenance
    let privacy: any PrivacyRepository
    let revocations: any RevocationStore
    let revoked: RevocationList
    let audit: any AuditRepository
    let trail: Audit

    private static let prefix = "/api/v1/admin"
    private static let access = Route.Access.roles([.admin])

    var routes: [Route] {
        [
            Route(
                .get, "\(Self.prefix)/models", "listModels", tag: "admin", "All models of the registry", access: Self.access,
                answers: [.init(200, "Newest first.", .array(Self.model, maximumCount: 100_000))] + AnswerCatalogue.guarded,
                handler: self.listModels),
            Route(
                .post, "\(Self.prefix)/models/{version}/activate", "activateModel", tag: "admin", "Serve another model",
                details: "A model that was measured worse than the active one is refused with 409 unless `force` is set.", access: Self.access,
                parameters: [
                    .path("version", .text(1...100), "Of a registered model."),
                    .query("force", .boolean, default: .bool(false), "Even if it is worse."),
                ],
                answers: [.init(200, "Served from now on.", Self.model), AnswerCatalogue.notFound, AnswerCatalogue.conflict]
                    + AnswerCatalogue.guarded,
                handler: self.activate),
            Route(
                .post, "\(Self.prefix)/models/rollback", "rollBackModel", tag: "admin", "Serve the model that was served before",
                access: Self.access,
                answers: [.init(200, "Served from now on.", Self.model), AnswerCatalogue.conflict] + AnswerCatalogue.guarded,
                handler: self.rollBack),
            Route(
                .get, "\(Self.prefix)/mesh", "meshState", tag: "admin", "The processes behind the gateway that answers",
                access: Self.access, answers: [.init(200, "By service and name.", Self.mesh)] + AnswerCatalogue.guarded,
                handler: self.meshState),
            Route(
                .post, "\(Self.prefix)/cache/flush", "flushCache", tag: "admin", "Forget every cached list and feature",
                access: Self.access, answers: [.init(200, "Forgotten.", Self.flushed)] + AnswerCatalogue.guarded, handler: self.flush),
            Route(
                .get, "\(Self.prefix)/erasures", "listPendingErasures", tag: "admin", "Erasures that are not complete",
                access: Self.access,
                answers: [.init(200, "Oldest first, 1,000 at most.", .array(ErasureJSON.schema, maximumCount: 1000))]
                    + AnswerCatalogue.guarded,
                handler: self.pendingErasures),
            Route(
                .post, "\(Self.prefix)/revocations", "revokeTokens", tag: "admin", "Revoke a token, or all of a subject until now",
                details: "Names exactly one of `token_id` (its `jti`) and `subject`.", access: Self.access,
                body: .named(
                    "Revocation",
                    .object([
                        .init("token_id", .string(.init(1...200, isNonBlank: true)), required: false),
                        .init("subject", .string(.init(1...200, isNonBlank: true)), required: false),
                        .init("expires_at", .dateTime, "When the last of these tokens expires by itself."),
                    ])),
                example: ["subject": "42", "expires_at": "2030-01-01T00:00:00Z"],
                answers: [.init(204, "Refused from now on, by every gateway within moments.")] + AnswerCatalogue.guardedWithBody,
                handler: self.revoke),
            Route(
                .get, "\(Self.prefix)/audit", "listAuditEntries", tag: "admin", "Who did what with privileges or personal data",
                access: Self.access,
                parameters: [
                    .query("limit", .integer(1...1000), default: .number("100"), "How many at most."), Pagination.cursor,
                ],
                answers: [.init(200, "Newest first.", .array(Self.entry, maximumCount: 1000), headers: Route.Header.paging)]
                    + AnswerCatalogue.guarded,
                handler: self.auditEntries),
        ]
    }

    // MARK: Shapes

    private static let model = Schema.named(
        "Model",
        .object([
            .init("version", .text()), .init("active", .boolean), .init("created_at", .dateTime),
            .init("activated_at", .nullable(.dateTime)), .init("schema_version", .anyInteger), .init("checksum", .text()),
            .init("metrics", .map(.anyNumber), "Measured on held-out data."), .init("lineage", .map(.text()), "What it was made from."),
        ]))
    private static let mesh = Schema.named(
        "Mesh",
        .object([
            .init(
                "replicas",
                .array(
                    .named(
                        "Replica",
                        .object([
                            .init("service", .text()), .init("name", .text()), .init("pid", .integer(0...Int64.max)),
                            .init("version", .text()), .init("ready", .boolean), .init("in_flight", .integer(0...Int64.max)),
                            .init("latency_ms", .anyNumber, "Of the round trip, averaged."),
                        ])), maximumCount: 100_000))
        ]))
    private static let flushed = Schema.named("Flushed", .object([.init("removed", .integer(0...Int64.max))]))
    private static let entry = Schema.named(
        "AuditEntry",
        .object([
            .init("id", .identifier), .init("time", .dateTime), .init("actor", .text()), .init("role", .text()), .init("action", .text()),
            .init("target", .text()), .init("request_id", .text()),
        ]))

    // MARK: Models

    @Sendable private func listModels(_ request: RouteRequest) async throws -> Response {
        let models = try await self.models.models()
        return Response { writer in writer.array(models) { $0.record($1) } }
    }

    @Sendable private func activate(_ request: RouteRequest) async throws -> Response {
        let version = request.arguments.string("version") ?? ""
        let models = try await self.models.models()
        guard let model = models.first(where: { $0.version == version }) else {
            throw APIError(.notFound, "There is no such model.")
        }
        let isForced = request.arguments.boolean("force") ?? false
        if !isForced, let active = models.first(where: \.isActive), let objection = model.objection(toReplacing: active) {
            throw APIError(.conflict, objection)
        }
        return try await self.activate(version, "model.activate", request)
    }

    /// To the one that was active last before the one that is active now.
    @Sendable private func rollBack(_ request: RouteRequest) async throws -> Response {
        guard let previous = ModelRecord.previous(of: try await self.models.models()) else {
            throw APIError(.conflict, "No other model was active before.")
        }
        return try await self.activate(previous.version, "model.rollback", request)
    }

    private func activate(_ version: String, _ action: String, _ request: RouteRequest) async throws -> Response {
        try await self.trail.note(action, of: version, request)
        guard try await self.models.activate(version), let active = try await self.models.active() else {
            throw APIError(.notFound, "There is no such model.")
        }
        await self.catalogue.refresh()
        return Response { $0.record(active) }
    }

    // MARK: Mesh and copies

    @Sendable private func meshState(_ request: RouteRequest) async throws -> Response {
        Response { writer in
            writer.object { writer in
                writer.key("replicas")
                writer.array(self.replicas.replicas) { writer, replica in
                    writer.object { writer in
                        writer.key("service")
                        writer.string(replica.service)
                        writer.key("name")
                        writer.string(replica.name)
                        writer.key("pid")
                        writer.integer(replica.processID)
                        writer.key("version")
                        writer.string(replica.version)
                        writer.key("ready")
                        writer.bool(replica.isReady)
                        writer.key("in_flight")
                        writer.integer(replica.inFlight)
                        writer.key("latency_ms")
                        writer.double(replica.latency.milliseconds, decimals: 3)
                    }
                }
            }
        }
    }

    @Sendable private func flush(_ request: RouteRequest) async throws -> Response {
        try await self.trail.note("cache.flush", of: "", request)
        let removed = try await self.copies.flush()
        return Response { writer in
            writer.object { writer in
                writer.key("removed")
                writer.integer(removed)
            }
        }
    }

    @Sendable private func pendingErasures(_ request: RouteRequest) async throws -> Response {
        let erasures = try await self.privacy.pendingErasures(limit: 1000)
        return Response { writer in writer.array(erasures) { $0.erasure($1) } }
    }

    // MARK: Tokens and the log

    @Sendable private func revoke(_ request: RouteRequest) async throws -> Response {
        let body = request.body ?? .null
        let target: Revocation.Target
        switch (body["token_id"]?.string, body["subject"]?.string) {
        case (let id?, nil): target = .token(id)
        case (nil, let subject?): target = .subject(subject, until: request.scope.receivedAt)
        default:
            throw APIError.invalid([.init([.name("body")], "must name exactly one of token_id and subject", type: "value_error")])
        }
        guard let expiry = body["expires_at"]?.string.flatMap({ Timestamp(iso8601: $0) }), expiry > request.scope.receivedAt else {
            throw APIError.invalid([.init([.name("body"), .name("expires_at")], "must lie in the future", type: "value_error")])
        }
        try await self.trail.note("token.revoke", of: body["token_id"]?.string ?? body["subject"]?.string ?? "", request)
        try await self.revocations.revoke(Revocation(target, expiresAt: expiry))
        await self.revoked.refresh()
        return Response(status: .noContent)
    }

    @Sendable private func auditEntries(_ request: RouteRequest) async throws -> Response {
        let limit = try request.arguments.required("limit")
        var before: Int64?
        if let text = request.arguments.string("cursor") {
            guard case .after(let id) = PageCursor(text) else { throw APIError.invalid(query: "cursor", "is no cursor of this list") }
            before = id.rawValue
        }
        let entries = try await self.audit.entries(before: before, limit: limit)
        let next = entries.count == limit ? entries.last.map { PageCursor.after(UserID($0.id)).text } : nil
        return Response(headers: Pagination.headers(next: next, target: request.target)) { writer in
            writer.array(entries) { writer, entry in
                writer.object { writer in
                    writer.key("id")
                    writer.integer(entry.id)
                    writer.key("time")
                    writer.string(entry.time.iso8601)
                    writer.key("actor")
                    writer.string(entry.actor)
                    writer.key("role")
                    writer.string(entry.role)
                    writer.key("action")
                    writer.string(entry.action)
                    writer.key("target")
                    writer.string(entry.target)
                    writer.key("request_id")
                    writer.string(entry.requestID)
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func record(_ model: ModelRecord) {
        self.object { writer in
            writer.key("version")
            writer.string(model.version)
            writer.key("active")
            writer.bool(model.isActive)
            writer.key("created_at")
            writer.string(model.createdAt.iso8601)
            writer.key("activated_at")
            writer.optional(model.activatedAt?.iso8601)
            writer.key("schema_version")
            writer.integer(model.schemaVersion)
            writer.key("checksum")
            writer.string(model.checksum)
            writer.key("metrics")
            writer.object { writer in
                for (name, value) in model.metrics.sorted(by: { $0.key < $1.key }) where value.isFinite {
                    writer.key(dynamic: name)
                    writer.double(value)
                }
            }
            writer.key("lineage")
            writer.object { writer in
                for (name, value) in model.lineage.sorted(by: { $0.key < $1.key }) {
                    writer.key(dynamic: name)
                    writer.string(value)
                }
            }
        }
    }
}
