public import Mesh
internal import MeshAPI
import Synchronization
import Telemetry

extension ProcessRuntime {
    /// Answers `methods` under the process's name in the mesh directory, with metrics and the process's own health.
    ///
    /// Call it last: its turn to stop comes first, so that calls in flight still find what they need.
    ///
    /// - Throws: ``SettingsError`` without `MESH_DIR`, ``MeshError`` if the server can't start.
    @discardableResult
    public func serveMesh(_ methods: [MeshMethod], configuration: MeshServerConfiguration = .init()) async throws -> MeshServer {
        var configuration = configuration
        configuration.observer = configuration.observer ?? MeshMetrics(registry: self.metrics)
        configuration.traces = configuration.traces ?? self.traces
        configuration.weight = self.settings.meshWeight
        configuration.shadowShare = self.settings.meshShadowShare
        configuration.clients = { [weak self] in self?.meshClients.withLock { $0 } ?? [] }
        // What drains after the server needs its time too.
        configuration.drainTimeout = min(configuration.drainTimeout, self.settings.shutdownTimeout / 2)
        let server = MeshServer(
            service: self.name, version: self.settings.meshVersion ?? self.version, directory: try self.settings.required(.meshDirectory),
            methods: methods
                + ControlService.methods(
                    ControlHandler(replica: self.settings.replica ?? "", metrics: self.metrics, logger: self.logger)),
            configuration: configuration, health: { self.meshHealth }, logger: self.logger)
        try await server.start()
        self.onShutdown("mesh server") { await server.drain() }
        self.gauges(of: server)
        return server
    }

    /// The directory in which services find each other, watched until the process ends.
    ///
    /// - Throws: ``SettingsError`` without `MESH_DIR`, ``MeshError`` if the directory can't be watched.
    public func discovery() throws -> Discovery {
        try Discovery(directory: try self.settings.required(.meshDirectory), logger: self.logger)
    }

    /// A client of another service with metrics, closed when its turn to stop comes.
    public func meshClient(
        of service: String, discovery: Discovery, configuration: MeshClientConfiguration = .init()
    ) -> MeshClient {
        var configuration = configuration
        configuration.observer = configuration.observer ?? MeshMetrics(registry: self.metrics)
        let client = MeshClient(service: service, discovery: discovery, configuration: configuration, logger: self.logger)
        self.onShutdown("mesh client of \(service)") { await client.shutdown() }
        self.meshClients.withLock { $0.append(client) }
        let labels = [("service", service)]
        self.metrics.gauge("duet_mesh_client_replicas", "Replicas that calls can go to, by service.", labels: labels) { [weak client] in
            Double(client?.state.count { $0.isReady && !$0.isEjected } ?? 0)
        }
        self.metrics.gauge("duet_mesh_client_open_breakers", "Methods that aren't called now, by service.", labels: labels) {
            [weak client] in Double(client?.methodStates.count { $0.breaker == .open } ?? 0)
        }
        return client
    }

    private func gauges(of server: MeshServer) {
        func gauge(_ name: String, _ help: String, _ value: @escaping @Sendable (ServerState) -> Int) {
            self.metrics.gauge(name, help) { [weak server] in Double(server.map { value($0.statistics) } ?? 0) }
        }
        gauge("duet_mesh_in_flight", "Calls being answered.", \.inFlight)
        gauge("duet_mesh_heavy", "Heavy calls that run.", \.heavy)
        gauge("duet_mesh_queued", "Heavy calls that wait for their turn.", \.queued)
        gauge("duet_mesh_limit", "Heavy calls that may run at a time, now.", \.limit)
    }

    private var meshHealth: HealthReport {
        let conditions = self.readiness.conditions.map {
            HealthReport.Dependency(name: $0.name, isHealthy: $0.missing == nil, detail: $0.missing ?? "")
        }
        let dependencies = self.checks.lastResults.map {
            HealthReport.Dependency(name: $0.name, isHealthy: $0.isHealthy, detail: $0.failure ?? "")
        }
        let status: HealthReport.Status = self.readiness.isDraining ? .draining : self.readiness.isReady ? .serving : .notServing
        return HealthReport(status: status, dependencies: conditions + dependencies)
    }
}

extension ServiceBootstrap {
    /// Identifiers of the HTTP request, or of the mesh call, that the calling task works for.
    @Sendable static func currentRequest() -> LogContext? {
        if let context = LogContext.current { return context }
        guard let call = CallContext.current else { return nil }
        return LogContext(requestID: call.metadata[CallContext.requestIDKey], traceID: call.trace.traceID)
    }
}
