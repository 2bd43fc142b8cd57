internal import Domain

extension JSONWriter {
    /// - Parameter history: The points before this one; `nil` leaves them out.
    mutating func observation(_ seen: Observation, history: [TrafficPoint]?) {
        let byEndpoint = Dictionary(seen.processes.map { ($0.seen.endpoint, $0.name) }) { first, _ in first }
        let byProcess = Dictionary(seen.processes.map { ($0.seen.processID, $0.name) }) { first, _ in first }
        self.object { writer in
            writer.key("timestamp")
            writer.timestamp(seen.time)
            writer.key("model_version")
            writer.string(seen.modelVersion)
            writer.key("traffic")
            writer.traffic(seen.recent)
            writer.key("point")
            writer.traffic(seen.now)
            if let history {
                writer.key("history")
                writer.array(history) { $0.traffic($1) }
            }
            writer.key("routes_seconds")
            writer.double(seen.routeSeconds, decimals: 1)
            writer.key("routes")
            writer.array(seen.routes.prefix(100)) { writer, route in
                writer.object { writer in
                    writer.key("route")
                    writer.string(route.route)
                    writer.key("requests")
                    writer.integer(Int(route.requests))
                    writer.key("failures")
                    writer.integer(Int(route.failures))
                    writer.key("p50_ms")
                    writer.optional(route.p50, decimals: 3)
                    writer.key("p95_ms")
                    writer.optional(route.p95, decimals: 3)
                }
            }
            writer.key("sources")
            writer.array(seen.sources) { writer, source in
                writer.object { writer in
                    writer.key("source")
                    writer.string(source.name)
                    writer.key("proposed")
                    writer.integer(Int(source.proposed))
                    writer.key("kept")
                    writer.integer(Int(source.kept))
                    writer.key("shown")
                    writer.integer(Int(source.shown))
                }
            }
            writer.key("stages")
            writer.array(seen.stages) { writer, stage in
                writer.object { writer in
                    writer.key("stage")
                    writer.string(stage.name)
                    writer.key("mean_ms")
                    writer.double(stage.milliseconds, decimals: 3)
                }
            }
            writer.key("processes")
            writer.array(seen.processes) { $0.process($1) }
            writer.key("links")
            writer.array(seen.links) { writer, link in
                writer.object { writer in
                    writer.key("from")
                    writer.string(byEndpoint[link.from] ?? link.from)
                    writer.key("to")
                    writer.string(byProcess[link.processID] ?? "\(link.service)-\(link.processID)")
                    writer.key("state")
                    writer.string(link.state)
                    writer.key("in_flight")
                    writer.integer(link.inFlight)
                    writer.key("reported_load")
                    writer.integer(link.reportedLoad)
                    writer.key("latency_ms")
                    writer.double(link.latency.milliseconds, decimals: 3)
                }
            }
            writer.key("methods")
            writer.array(seen.methods) { writer, method in
                writer.object { writer in
                    writer.key("from")
                    writer.string(byEndpoint[method.from] ?? method.from)
                    writer.key("service")
                    writer.string(method.service)
                    writer.key("method")
                    writer.string(method.method)
                    writer.key("calls")
                    writer.integer(method.calls)
                    writer.key("failures")
                    writer.integer(method.failures)
                    writer.key("breaker")
                    writer.string(method.breaker)
                    writer.key("hedge_delay_ms")
                    writer.optional(method.hedgeDelay?.milliseconds, decimals: 3)
                }
            }
            writer.key("services")
            if let services = seen.services {
                writer.array(services) { writer, service in
                    writer.object { writer in
                        writer.key("service")
                        writer.string(service.name)
                        writer.key("wanted")
                        writer.integer(service.wanted)
                        writer.key("scalable")
                        writer.bool(service.isScalable)
                    }
                }
            } else {
                writer.null()
            }
            writer.key("dependencies")
            writer.array(seen.dependencies) { writer, state in
                writer.object { writer in
                    writer.key("name")
                    writer.string(state.name)
                    writer.key("healthy")
                    writer.bool(state.isHealthy)
                    writer.key("detail")
                    writer.optional(state.failure)
                }
            }
            writer.key("alerts")
            writer.array(seen.alerts) { $0.alert($1) }
        }
    }

    mutating func alert(_ alert: ActiveAlert) {
        self.object { writer in
            writer.key("name")
            writer.string(alert.name)
            writer.key("severity")
            writer.string(alert.severity.rawValue)
            writer.key("summary")
            writer.string(alert.summary)
            writer.key("since")
            writer.timestamp(Timestamp(microseconds: alert.since))
        }
    }

    private mutating func traffic(_ point: TrafficPoint) {
        self.object { writer in
            writer.key("time")
            writer.timestamp(point.time)
            writer.key("seconds")
            writer.double(point.seconds, decimals: 3)
            writer.key("requests_per_second")
            writer.double(point.requestsPerSecond, decimals: 2)
            writer.key("error_rate")
            writer.optional(point.errorRate, decimals: 5)
            writer.key("hit_rate")
            writer.optional(point.hitRate, decimals: 4)
            writer.key("degraded_rate")
            writer.optional(point.degradedRate, decimals: 4)
            for (name, value) in [("p50_ms", point.p50), ("p95_ms", point.p95), ("p99_ms", point.p99)] {
                writer.key(dynamic: name)
                writer.optional(value, decimals: 3)
            }
        }
    }

    private mutating func process(_ process: Observation.Process) {
        let seen = process.seen
        self.object { writer in
            writer.key("service")
            writer.string(seen.service)
            writer.key("name")
            writer.string(process.name)
            writer.key("pid")
            writer.integer(seen.processID)
            writer.key("version")
            writer.string(seen.version)
            writer.key("state")
            writer.string(seen.state.rawValue)
            writer.key("phase")
            writer.string(process.phase)
            writer.key("problems")
            writer.array(seen.problems) { $0.string($1) }
            writer.key("restarts")
            if let restarts = process.restarts { writer.integer(restarts) } else { writer.null() }
            writer.key("uptime_seconds")
            writer.optional(process.uptime, decimals: 0)
            writer.key("cpu_share")
            writer.optional(process.processorShare, decimals: 4)
            writer.key("resident_bytes")
            writer.optional(process.residentBytes, decimals: 0)
            for (name, value) in [("in_flight", seen.inFlight), ("queued", seen.queued), ("limit", seen.limit)] {
                writer.key(dynamic: name)
                writer.integer(value)
            }
            writer.key("answered")
            writer.integer(seen.answered)
            writer.key("refused")
            writer.integer(seen.refused)
            writer.key("round_trip_ms")
            writer.optional(seen.roundTrip?.milliseconds, decimals: 3)
            writer.key("log_lag_seconds")
            writer.optional(process.logLag, decimals: 3)
            writer.key("log_position")
            writer.optional(process.logPosition, decimals: 0)
            writer.key("model_age_seconds")
            writer.optional(process.modelAge, decimals: 0)
            writer.key("counts_interactions")
            writer.bool(process.isCounting)
            writer.key("weight")
            writer.double(seen.weight, decimals: 3)
            writer.key("shadow_share")
            writer.double(seen.shadowShare, decimals: 3)
            writer.key("dependencies")
            writer.object { writer in
                for dependency in process.dependencies {
                    writer.key(dynamic: dependency.name)
                    writer.bool(dependency.isUp)
                }
            }
        }
    }

    private mutating func optional(_ value: Double?, decimals: Int) {
        if let value { self.double(value, decimals: decimals) } else { self.null() }
    }
}

/// The shape of what the operator's page reads, for the API's description.
enum ObservationJSON {
    private static let count = Schema.integer(0...Int64.max)
    private static let ratio = Schema.nullable(.probability)
    private static let number = Schema.nullable(.anyNumber)

    private static let traffic = Schema.named(
        "Traffic",
        .object([
            .init("time", .dateTime), .init("seconds", .anyNumber), .init("requests_per_second", .anyNumber),
            .init("error_rate", ratio, "Answers of 500 and above."), .init("hit_rate", ratio), .init("degraded_rate", ratio),
            .init("p50_ms", number), .init("p95_ms", number), .init("p99_ms", number),
        ]))

    static let alert = Schema.named(
        "Alert",
        .object([
            .init("name", .text()), .init("severity", .choice(["critical", "warning"])), .init("summary", .text()),
            .init("since", .dateTime),
        ]))

    private static let process = Schema.named(
        "Process",
        .object([
            .init("service", .text()), .init("name", .text()), .init("pid", .integer(0...Int64.max)), .init("version", .text()),
            .init("state", .choice(["serving", "not serving", "draining", "unreachable"])),
            .init("phase", .text(), "As its supervisor sees it; empty without one."), .init("problems", .array(.text(), maximumCount: 100)),
            .init("restarts", .nullable(count)), .init("uptime_seconds", number), .init("cpu_share", number, "1 is one whole processor."),
            .init("resident_bytes", number), .init("in_flight", count), .init("queued", count), .init("limit", count),
            .init("answered", count), .init("refused", count), .init("round_trip_ms", number), .init("log_lag_seconds", number),
            .init("log_position", number), .init("model_age_seconds", number, "-1 without a model."),
            .init("counts_interactions", .boolean), .init("weight", .anyNumber), .init("shadow_share", .anyNumber),
            .init("dependencies", .map(.boolean), "Whether it reaches them."),
        ]))

    static let overview = Schema.named(
        "Overview",
        .object([
            .init("timestamp", .dateTime), .init("model_version", .text()), .init("traffic", traffic, "Of the last seconds."),
            .init("point", traffic, "Since the look before."), .init("history", .array(traffic, maximumCount: 1000), required: false),
            .init("routes_seconds", .anyNumber, "Window of routes, sources and stages."),
            .init(
                "routes",
                .array(
                    .object([
                        .init("route", .text()), .init("requests", count), .init("failures", count), .init("p50_ms", number),
                        .init("p95_ms", number),
                    ]), maximumCount: 100)),
            .init(
                "sources",
                .array(
                    .object([
                        .init("source", .text()), .init("proposed", count), .init("kept", count),
                        .init("shown", count, "Among the first twenty of new lists."),
                    ]), maximumCount: 100)),
            .init("stages", .array(.object([.init("stage", .text()), .init("mean_ms", .anyNumber)]), maximumCount: 100)),
            .init("processes", .array(process, maximumCount: 10_000)),
            .init(
                "links",
                .array(
                    .object([
                        .init("from", .text()), .init("to", .text()),
                        .init("state", .choice(["ready", "ejected", "shadow", "going", "lost"])), .init("in_flight", count),
                        .init("reported_load", count), .init("latency_ms", .anyNumber, "Peak-EWMA of the round trip."),
                    ]), maximumCount: 100_000)),
            .init(
                "methods",
                .array(
                    .object([
                        .init("from", .text()), .init("service", .text()), .init("method", .text()), .init("calls", count),
                        .init("failures", count), .init("breaker", .text()), .init("hedge_delay_ms", number),
                    ]), maximumCount: 100_000)),
            .init(
                "services",
                .nullable(
                    .array(
                        .object([.init("service", .text()), .init("wanted", count), .init("scalable", .boolean)]), maximumCount: 1000)),
                "Null where nobody supervises the processes, or does not answer."),
            .init(
                "dependencies",
                .array(
                    .object([.init("name", .text()), .init("healthy", .boolean), .init("detail", .nullable(.text()))]), maximumCount: 100)),
            .init("alerts", .array(alert, maximumCount: 100)),
        ]))
}
