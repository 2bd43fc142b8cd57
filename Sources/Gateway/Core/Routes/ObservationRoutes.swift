internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// What the operator's page shows, and what can be done from it.
struct ObservationRoutes: Sendable {
    /// How long a stream lasts: then the page asks anew, and its token is looked at again.
    static let streamLimit: Duration = .seconds(25)

    let observatory: Observatory
    let control: (any ProcessControl)?
    let figures: (any FiguresRepository)?
    let trail: Audit
    let isDraining: @Sendable () -> Bool

    private static let prefix = "/api/v1/admin"
    private static let access = Route.Access.roles([.admin])
    private static let count = Schema.integer(0...Int64.max)
    private static let change = Schema.named("ProcessChange", .object([.init("state", .choice(["done", "under way"]))]))
    private static let changed = [
        Route.Answer(200, "Done.", change), Route.Answer(202, "Accepted; it takes a moment.", change), AnswerCatalogue.conflict,
    ]

    var routes: [Route] {
        var stream = Route(
            .get, "\(Self.prefix)/stream", "overviewStream", tag: "admin", "The overview, once a second", access: Self.access,
            answers: [.init(200, "Server-sent events.", .text(), mediaType: "text/event-stream")] + AnswerCatalogue.guarded,
            handler: self.stream)
        // It doesn't end by itself within what a client of the description waits.
        stream.isListed = false
        return [
            Route(
                .get, "\(Self.prefix)/overview", "overview", tag: "admin", "Traffic, processes, calls and alerts of the moment",
                details: "Of the whole mesh, whichever gateway answers.", access: Self.access,
                answers: [.init(200, "As of the last second.", ObservationJSON.overview)] + AnswerCatalogue.guarded,
                handler: self.overview),
            stream,
            Route(
                .get, "\(Self.prefix)/alerts", "listAlerts", tag: "admin", "Active alerts",
                details: "The rules' conditions as far as this gateway sees them; what burns slowly is Prometheus' to tell.",
                access: Self.access,
                answers: [.init(200, "The critical ones first.", .array(ObservationJSON.alert, maximumCount: 100))]
                    + AnswerCatalogue.guarded,
                handler: self.alerts),
            Route(
                .get, "\(Self.prefix)/figures", "storeFigures", tag: "admin", "How much the store holds, day by day", access: Self.access,
                answers: [.init(200, "Days are as old as the last refresh.", FiguresJSON.schema)] + AnswerCatalogue.guarded,
                handler: self.storeFigures),
            Route(
                .post, "\(Self.prefix)/services/{service}/scale", "scaleService", tag: "admin", "Change how many replicas of a service run",
                details: "Where `duet up` keeps the processes running; elsewhere an orchestrator does, and the answer is 409.",
                access: Self.access, parameters: [.path("service", .text(1...100), "ranking, candidate, feature or gateway.")],
                body: .named("Scale", .object([.init("replicas", .integer(1...64))])), example: ["replicas": .number("2")],
                answers: Self.changed + AnswerCatalogue.guardedWithBody, handler: self.scale),
            Route(
                .post, "\(Self.prefix)/processes/{process}/drain", "drainProcess", tag: "admin",
                "Let one process finish its calls and end",
                details: "It is not replaced: its service has one replica less. As for scaling, `duet up` must run.",
                access: Self.access, parameters: [.path("process", .text(1...100), "For example ranking-2.")],
                answers: Self.changed + AnswerCatalogue.guarded, handler: self.drain),
        ]
    }

    // MARK: Looking

    @Sendable private func overview(_ request: RouteRequest) async throws -> Response {
        let observation = await self.observatory.current()
        let history = await self.observatory.history
        return Response(headers: [.cacheControl: "no-store"]) { $0.observation(observation, history: history) }
    }

    @Sendable private func stream(_ request: RouteRequest) async throws -> Response {
        let (observatory, isDraining) = (self.observatory, self.isDraining)
        return Response(
            events: ResponseBody { writer in
                let end = ContinuousClock.now.advanced(by: Self.streamLimit)
                let updates = await observatory.watch()
                let first = await observatory.current()
                try await writer.write(Self.event(first, history: await observatory.history))
                for await observation in updates {
                    try await writer.write(Self.event(observation, history: nil))
                    if isDraining() || ContinuousClock.now >= end { break }
                }
                try await writer.finish(nil)
            })
    }

    private static func event(_ observation: Observation, history: [TrafficPoint]?) -> ByteBuffer {
        let json = JSONWriter.bytes(reservingCapacity: 16_384) { $0.observation(observation, history: history) }
        var buffer = ByteBuffer()
        EventText.append("overview", json: json, to: &buffer)
        return buffer
    }

    @Sendable private func alerts(_ request: RouteRequest) async throws -> Response {
        let alerts = await self.observatory.current().alerts
        return Response(headers: [.cacheControl: "no-store"]) { writer in writer.array(alerts) { $0.alert($1) } }
    }

    @Sendable private func storeFigures(_ request: RouteRequest) async throws -> Response {
        guard let figures = try await self.figures?.figures(days: 30) else { throw APIError.unavailable("The store") }
        return Response(headers: [.cacheControl: "no-store"]) { $0.figures(figures) }
    }

    // MARK: Doing

    @Sendable private func scale(_ request: RouteRequest) async throws -> Response {
        let service = request.arguments.string("service") ?? ""
        guard let replicas = request.body?["replicas"]?.integer else {
            throw APIError.invalid([.init([.name("body"), .name("replicas")], "is required", type: "missing")])
        }
        let control = try self.supervisor()
        try await self.trail.note("service.scale", of: "\(service)=\(replicas)", request)
        return try Self.answer(await control.scale(service, to: Int(replicas)))
    }

    @Sendable private func drain(_ request: RouteRequest) async throws -> Response {
        let process = request.arguments.string("process") ?? ""
        let control = try self.supervisor()
        try await self.trail.note("process.drain", of: process, request)
        return try Self.answer(await control.drain(process))
    }

    private func supervisor() throws(APIError) -> any ProcessControl {
        guard let control = self.control else {
            throw APIError(.conflict, "No supervisor of Duet's keeps these processes running: ask your orchestrator.")
        }
        return control
    }

    private static func answer(_ change: ProcessChange) throws(APIError) -> Response {
        let (status, state): (HTTPResponse.Status, String)
        switch change {
        case .done: (status, state) = (.ok, "done")
        case .underWay: (status, state) = (.accepted, "under way")
        case .refused(let sentence): throw APIError(.conflict, sentence)
        }
        return Response(status: status) { writer in
            writer.object { writer in
                writer.key("state")
                writer.string(state)
            }
        }
    }
}

/// The shape of the store's figures.
private enum FiguresJSON {
    private static let count = Schema.integer(0...Int64.max)
    static let schema = Schema.named(
        "Figures",
        .object([
            .init("people", count), .init("active_people", count, "Within a week."), .init("interactions", count),
            .init("open_matches", count), .init("answers", count, "In the serving log."), .init("pending_erasures", count),
            .init("completed_erasures", count), .init("database_bytes", count), .init("log_end", count, "Position behind the last entry."),
            .init("refreshed_at", .nullable(.dateTime)),
            .init("business", .map(.anyNumber), "Ratios of the last week."),
            .init(
                "days",
                .array(
                    .object([
                        .init("day", .text()), .init("interactions", count), .init("active_people", count), .init("likes", count),
                        .init("dislikes", count), .init("new_people", count), .init("matches", count), .init("answers", count),
                    ]), maximumCount: 100)),
        ]))
}

extension JSONWriter {
    fileprivate mutating func figures(_ figures: StoreFigures) {
        self.object { writer in
            for (name, value) in [
                ("people", figures.people), ("active_people", figures.activePeople), ("interactions", figures.interactions),
                ("open_matches", figures.openMatches), ("answers", figures.answers), ("pending_erasures", figures.pendingErasures),
                ("completed_erasures", figures.completedErasures), ("database_bytes", figures.bytes),
            ] {
                writer.key(dynamic: name)
                writer.integer(value)
            }
            writer.key("log_end")
            writer.integer(figures.logEnd)
            writer.key("refreshed_at")
            writer.optional(figures.refreshedAt)
            writer.key("business")
            writer.object { writer in
                for (name, value) in figures.business.sorted(by: { $0.key < $1.key }) {
                    writer.key(dynamic: name)
                    writer.double(value, decimals: 5)
                }
            }
            writer.key("days")
            writer.array(figures.days) { writer, day in
                writer.object { writer in
                    writer.key("day")
                    writer.string(day.day)
                    for (name, value) in [
                        ("interactions", day.interactions), ("active_people", day.activePeople), ("likes", day.likes),
                        ("dislikes", day.dislikes), ("new_people", day.newPeople), ("matches", day.matches), ("answers", day.answers),
                    ] {
                        writer.key(dynamic: name)
                        writer.integer(value)
                    }
                }
            }
        }
    }
}
