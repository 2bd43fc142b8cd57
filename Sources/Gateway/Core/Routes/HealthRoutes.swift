internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import Telemetry

/// How the system is, for people, load balancers and collectors.
struct HealthRoutes: Sendable {
    let monitor: DependencyMonitor
    let catalogue: ModelCatalogue
    let metrics: GatewayMetrics
    /// What the specification calls the version: the application's name.
    let applicationName: String
    let isDraining: @Sendable () -> Bool
    let startedAt: Timestamp

    private static let state = Schema.named(
        "Health",
        .object([
            .init("status", .text()), .init("timestamp", .dateTime), .init("version", .text()), .init("checks", .anyObject),
        ]))
    private static let away = Route.Answer(503, "Not whole.", state)

    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/health/", "health", tag: "health", "The whole system, a check per component", access: .open,
                answers: [.init(200, "Whole.", Self.state), Self.away], handler: self.health),
            Route(
                .get, "/api/v1/health/ready", "ready", tag: "health", "Whether anything sensible can be served", access: .open,
                answers: [.init(200, "Send requests.", Self.state), Self.away], handler: self.ready),
            Route(
                .get, "/api/v1/health/live", "live", tag: "health", "Whether the process runs", access: .open,
                answers: [.init(200, "It does.", Self.state)], handler: self.live),
            Route(
                .get, "/api/v1/health/metrics", "metricsSummary", tag: "health", "The metrics in short",
                answers: [.init(200, "Counted by the process that answers.", .anyObject)] + AnswerCatalogue.guarded,
                handler: self.summary),
            Route(
                .get, "/api/v1/health/models", "modelHealth", tag: "health", "The models that are served",
                answers: [.init(200, "Newest first.", .anyObject)] + AnswerCatalogue.guarded, handler: self.models),
            Route(
                .get, "/api/v1/health/dependencies", "dependencyHealth", tag: "health", "The dependencies one by one",
                answers: [.init(200, "As last seen.", .anyObject)] + AnswerCatalogue.guarded, handler: self.dependencies),
            Route(
                .get, "/metrics", "metrics", tag: "health", "Metrics in Prometheus' text format",
                access: .roles([.service, .admin]),
                answers: [.init(200, "Text.")] + AnswerCatalogue.guarded, handler: self.prometheus),
        ]
    }

    @Sendable private func health(_ request: RouteRequest) async throws -> Response {
        let states = self.monitor.states
        let isWhole = states.allSatisfy(\.isHealthy) && !self.isDraining()
        return self.answer(isWhole ? "healthy" : "unhealthy", isWhole, states, request)
    }

    @Sendable private func ready(_ request: RouteRequest) async throws -> Response {
        let isReady = self.monitor.canServe && !self.isDraining()
        return self.answer(isReady ? "ready" : self.isDraining() ? "draining" : "not ready", isReady, self.monitor.states, request)
    }

    @Sendable private func live(_ request: RouteRequest) async throws -> Response { self.answer("alive", true, [], request) }

    private func answer(_ status: String, _ isGood: Bool, _ states: [DependencyMonitor.State], _ request: RouteRequest) -> Response {
        Response(status: isGood ? .ok : .serviceUnavailable, headers: isGood ? [:] : [.retryAfter: "1"]) { writer in
            writer.object { writer in
                writer.key("status")
                writer.string(status)
                writer.key("timestamp")
                writer.timestamp(request.scope.receivedAt)
                writer.key("version")
                writer.string(self.applicationName)
                writer.key("checks")
                writer.object { writer in
                    for state in states {
                        writer.key(dynamic: state.name)
                        writer.string(state.isHealthy ? "healthy" : "unhealthy")
                    }
                }
            }
        }
    }

    @Sendable private func dependencies(_ request: RouteRequest) async throws -> Response {
        Response { writer in
            writer.object { writer in
                writer.key("timestamp")
                writer.timestamp(request.scope.receivedAt)
                writer.key("dependencies")
                writer.array(self.monitor.states) { writer, state in
                    writer.object { writer in
                        writer.key("name")
                        writer.string(state.name)
                        writer.key("status")
                        writer.string(state.isHealthy ? "healthy" : "unhealthy")
                        writer.key("detail")
                        writer.optional(state.failure)
                    }
                }
            }
        }
    }

    @Sendable private func models(_ request: RouteRequest) async throws -> Response {
        await self.catalogue.refresh()
        let models = self.catalogue.models
        return Response { writer in
            writer.object { writer in
                writer.key("status")
                writer.string(models.contains(where: \.isActive) ? "healthy" : "no active model")
                writer.key("timestamp")
                writer.timestamp(request.scope.receivedAt)
                writer.key("models")
                writer.array(models) { $0.model($1) }
            }
        }
    }

    @Sendable private func summary(_ request: RouteRequest) async throws -> Response {
        Response { writer in
            writer.object { writer in
                writer.key("timestamp")
                writer.timestamp(request.scope.receivedAt)
                writer.key("uptime_seconds")
                writer.double(request.scope.receivedAt.since(self.startedAt).seconds, decimals: 3)
                writer.key("requests_in_flight")
                writer.integer(Int(self.metrics.inFlight.value))
                writer.key("responses")
                writer.object { writer in
                    for (name, count) in self.metrics.statusClasses() {
                        writer.key(dynamic: name)
                        writer.integer(count)
                    }
                }
                writer.key("routes_ms")
                writer.object { writer in
                    for (route, latency) in self.metrics.routeSummaries() {
                        writer.key(dynamic: route)
                        writer.times(latency)
                    }
                }
                writer.key("process")
                writer.object { writer in
                    writer.key("resident_bytes")
                    writer.integer(ProcessMetrics.residentBytes)
                    writer.key("cpu_seconds")
                    writer.double(ProcessMetrics.cpuSeconds, decimals: 3)
                }
            }
        }
    }

    @Sendable private func prometheus(_ request: RouteRequest) async throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: self.metrics.registry.prometheusText())))
    }
}
