internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// What is held about a person, and data sets that name nobody.
struct PrivacyRoutes: Sendable {
    let privacy: any PrivacyRepository
    let audit: Audit

    /// How many people must share what the anonymised data set tells of each.
    private static let sharing = 5

    private static let personalData = Schema.named(
        "PersonalData",
        .object([
            .init("user_id", .identifier), .init("exported_at", .dateTime), .init("profile", .anyObject),
            .init("preferences", .anyObject, required: false),
            .init("external_ids", .array(.text(), maximumCount: 1_000_000)), .init("interactions", records),
            .init("interactions_received", .map(.integer(0...Int64.max)), "Counts by type."), .init("opinions", records),
            .init("matches", records), .init("features", records), .init("embeddings", records), .init("served_lists", records),
            .init("times_shown_to_others", .integer(0...Int64.max)), .init("audit", records),
        ]))
    private static let records = Schema.array(.anyObject, maximumCount: 1_000_000)

    var routes: [Route] {
        var export = Route(
            .get, "/api/v1/users/{user_id}/export", "exportUser", tag: "privacy", "Everything that is held about a user",
            parameters: [.path("user_id")],
            answers: [.init(200, "Machine readable.", Self.personalData), AnswerCatalogue.notFound] + AnswerCatalogue.guarded,
            handler: self.export)
        export.budget = .seconds(30)
        var anonymised = Route(
            .get, "/api/v1/users/export/anonymised", "exportAnonymisedUsers", tag: "privacy", "A data set that names nobody",
            details: """
                One JSON object a line: a key of this export alone, decade of age, gender, place and interests where at least \
                \(Self.sharing) people share them, the month of joining, and counts rounded down to powers of two.
                """,
            access: .roles([.admin]),
            answers: [.init(200, "One person a line.", .text(), mediaType: "application/x-ndjson")] + AnswerCatalogue.guarded,
            handler: self.anonymised)
        anonymised.budget = .seconds(600)
        return [export, anonymised]
    }

    @Sendable private func export(_ request: RouteRequest) async throws -> Response {
        let id = try request.arguments.userID()
        try request.identity.requireActing(as: id)
        guard let parts = try await self.privacy.personalData(of: id) else { throw APIError.unknownUser(id.rawValue) }
        try await self.audit.note("user.export", of: id.description, request)
        let headers: HTTPFields = [.cacheControl: "no-store", .contentDisposition: "attachment; filename=\"user-\(id).json\""]
        return Response(headers: headers) { writer in
            writer.object { writer in
                writer.key("user_id")
                writer.integer(id.rawValue)
                writer.key("exported_at")
                writer.string(request.scope.receivedAt.iso8601)
                for part in parts {
                    writer.key(dynamic: part.name)
                    writer.raw(part.json)
                }
            }
        }
    }

    @Sendable private func anonymised(_ request: RouteRequest) async throws -> Response {
        try await self.audit.note("users.export-anonymised", of: "", request)
        let privacy = self.privacy
        // Each chunk goes out as it comes.
        let body = ResponseBody { writer in
            try await privacy.forEachAnonymised(sharing: Self.sharing) { people in
                try await writer.write(ByteBuffer(bytes: JSONWriter.lines(people)))
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store"], body: body)
    }
}

extension JSONWriter {
    fileprivate static func lines(_ people: [AnonymisedPerson]) -> [UInt8] {
        var bytes: [UInt8] = []
        for person in people {
            bytes += JSONWriter.bytes { $0.anonymised(person) }
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    private mutating func anonymised(_ person: AnonymisedPerson) {
        self.object { writer in
            writer.key("key")
            writer.string(person.key)
            writer.key("age_band")
            writer.optional(person.ageBand.map { "\($0)-\($0 + 9)" })
            writer.key("gender")
            writer.optional(person.gender?.rawValue)
            writer.key("location")
            writer.optional(person.location)
            writer.key("interests")
            writer.array(person.interests) { $0.string($1) }
            writer.key("joined")
            writer.string(person.joined)
            writer.key("likes_sent")
            writer.integer(person.likesSent)
            writer.key("passes_sent")
            writer.integer(person.passesSent)
            writer.key("likes_received")
            writer.integer(person.likesReceived)
            writer.key("matches")
            writer.integer(person.matches)
        }
    }
}
