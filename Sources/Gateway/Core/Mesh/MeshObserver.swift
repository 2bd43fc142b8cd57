public import Logging
public import Mesh
internal import MeshAPI
internal import Synchronization

/// Asks every process that the directory lists, over connections that it keeps.
public final class MeshObserver: MeshObserving {
    private static let patience: Duration = .seconds(1)

    private let discovery: Discovery
    private let logger: Logger
    private let clients = Mutex<[String: MeshClient]>([:])

    /// The discovery stays the caller's to shut down.
    public init(discovery: Discovery, logger: Logger) {
        self.discovery = discovery
        self.logger = logger
    }

    public func look() async -> MeshLook {
        let endpoints = self.discovery.endpoints
        await self.forget(except: Set(endpoints.map(\.name)))
        let answers = await withTaskGroup(of: (Int, MeshLook).self) { group in
            for (index, endpoint) in endpoints.enumerated() { group.addTask { (index, await self.ask(endpoint)) } }
            return await group.reduce(into: [(Int, MeshLook)]()) { $0.append($1) }
        }
        return answers.sorted { $0.0 < $1.0 }.map(\.1).reduce(into: MeshLook()) { look, part in
            look.processes += part.processes
            look.links += part.links
            look.methods += part.methods
        }
    }

    /// Closes all connections.
    public func shutdown() async { await self.forget(except: []) }

    private func client(of endpoint: Endpoint) -> MeshClient {
        self.clients.withLock { clients in
            if let client = clients[endpoint.name] { return client }
            // A shadow answers questions like any other.
            let plain = Endpoint(service: endpoint.service, address: endpoint.address, name: endpoint.name)
            let client = MeshClient(service: endpoint.service, discovery: Discovery(static: [plain]), logger: self.logger)
            clients[endpoint.name] = client
            return client
        }
    }

    private func forget(except names: Set<String>) async {
        let gone = self.clients.withLock { clients in
            let gone = clients.filter { !names.contains($0.key) }
            for name in gone.keys { clients[name] = nil }
            return gone.values
        }
        for client in gone { await client.shutdown() }
    }

    private func ask(_ endpoint: Endpoint) async -> MeshLook {
        var process = MeshLook.Process(
            endpoint: endpoint.name, service: endpoint.service, processID: endpoint.pid, version: endpoint.version)
        process.weight = endpoint.weight
        process.shadowShare = endpoint.shadowShare
        var look = MeshLook()
        let client = self.client(of: endpoint)
        let deadline = Deadline.after(Self.patience)
        do {
            try await client.waitUntil(deadline: deadline) { $0.contains(where: \.isReady) }
            let start = ContinuousClock.now
            let health = try await HealthServiceClient(client).check(CheckRequest(), deadline: deadline)
            process.roundTrip = start.duration(to: .now)
            process.state = Self.state(health.status)
            process.problems = health.dependencies.filter { !$0.healthy }.map { "\($0.name): \($0.detail)" }
            let state = try await StateServiceClient(client).get(GetStateRequest(), deadline: deadline)
            if let server = state.server {
                // Ours is one of them.
                process.inFlight = max(0, Int(server.inFlight) - 1)
                process.queued = Int(server.queued)
                process.limit = Int(server.limit)
                process.answered = server.admitted
                process.refused = server.refused
            }
            look.links = state.clients.flatMap { Self.links($0, from: endpoint.name) }
            look.methods = state.clients.flatMap { Self.methods($0, from: endpoint.name) }
            let metrics = try await ControlServiceClient(client).readMetrics(ReadMetricsRequest(), deadline: deadline)
            process.name = metrics.replica
            process.metrics = metrics.text
        } catch {
            if process.state == .unreachable { process.problems = ["does not answer: \(error.code)"] }
        }
        look.processes = [process]
        return look
    }

    private static func state(_ status: CheckResponse.Status) -> MeshLook.Process.State {
        switch status {
        case .serving: .serving
        case .draining: .draining
        default: .notServing
        }
    }

    private static func links(_ client: ClientReport, from endpoint: String) -> [MeshLook.Link] {
        client.replicas.map { replica in
            let state =
                switch replica {
                case _ where replica.ejected: "ejected"
                case _ where !replica.connected: "lost"
                case _ where !replica.ready: "going"
                default: replica.shadowShare > 0 ? "shadow" : "ready"
                }
            return MeshLook.Link(
                from: endpoint, service: client.service, processID: Int32(clamping: replica.pid), state: state,
                inFlight: Int(replica.inFlight), reportedLoad: Int(replica.reportedLoad),
                latency: .microseconds(Int64(clamping: replica.latencyUs)))
        }
    }

    private static func methods(_ client: ClientReport, from endpoint: String) -> [MeshLook.Method] {
        client.methods.filter { $0.calls > 0 }.map { method in
            MeshLook.Method(
                from: endpoint, service: client.service, method: method.method, calls: method.calls, failures: method.failures,
                breaker: method.breaker.description.lowercased().replacing("_", with: " "),
                hedgeDelay: method.hedgeDelayUs > 0 ? .microseconds(Int64(clamping: method.hedgeDelayUs)) : nil)
        }
    }
}
