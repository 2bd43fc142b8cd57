import Logging
import Mesh
import MeshAPI
import Overview

/// What all processes of an installation say of themselves and of each other.
struct MeshReport: Encodable {
    struct Replica: Encodable {
        var service: String
        var pid: Int32
        var version: String
        var weight: Double
        var shadowShare: Double
        var address: String
        /// serving, not serving, draining, unknown or unreachable
        var state: String
        var inFlight: UInt32?
        var queued: UInt32?
        var limit: UInt32?
        var answered: UInt64?
        var refused: UInt64?
        var roundTripMicroseconds: Int?
        var problems: [String]

        enum CodingKeys: String, CodingKey {
            case service, pid, version, weight, address, state, queued, limit, answered, refused, problems
            case shadowShare = "shadow_share"
            case inFlight = "in_flight"
            case roundTripMicroseconds = "round_trip_us"
        }
    }

    /// How one process sees one replica.
    struct Link: Encodable {
        var from: String
        var fromPID: Int32
        var to: String
        var toPID: UInt32
        /// ready, ejected, shadow, going or lost
        var state: String
        var inFlight: UInt32
        var reportedLoad: UInt32
        var latencyMicroseconds: UInt64

        enum CodingKeys: String, CodingKey {
            case from, to, state
            case fromPID = "from_pid"
            case toPID = "to_pid"
            case inFlight = "in_flight"
            case reportedLoad = "reported_load"
            case latencyMicroseconds = "latency_us"
        }
    }

    /// How one process fares with one method.
    struct Method: Encodable {
        var from: String
        var fromPID: Int32
        var method: String
        var calls: UInt64
        var failures: UInt64
        /// off, closed, open or half open
        var breaker: String
        var hedgeDelayMicroseconds: UInt64?

        enum CodingKeys: String, CodingKey {
            case from, method, calls, failures, breaker
            case fromPID = "from_pid"
            case hedgeDelayMicroseconds = "hedge_delay_us"
        }
    }

    var replicas: [Replica] = []
    var links: [Link] = []
    var methods: [Method] = []

    var isWell: Bool { !self.replicas.isEmpty && self.replicas.allSatisfy { $0.state == "serving" } }

    /// Asks every replica that is announced, all at once.
    static func gather(_ endpoints: [Endpoint]) async -> MeshReport {
        let answers = await withTaskGroup(of: (Int, MeshReport).self) { group in
            for (index, endpoint) in endpoints.enumerated() { group.addTask { (index, await Self.ask(endpoint)) } }
            var answers: [(Int, MeshReport)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return MeshReport(
            replicas: answers.flatMap(\.replicas), links: answers.flatMap(\.links), methods: answers.flatMap(\.methods))
    }

    private static func ask(_ endpoint: Endpoint) async -> MeshReport {
        // A shadow answers questions like any other.
        let address = Endpoint(service: endpoint.service, address: endpoint.address, name: endpoint.name)
        let client = MeshClient(service: endpoint.service, discovery: Discovery(static: [address]), logger: .quiet)
        var replica = Replica(
            service: endpoint.service, pid: endpoint.pid, version: endpoint.version, weight: endpoint.weight,
            shadowShare: endpoint.shadowShare, address: endpoint.address, state: "unreachable", problems: [])
        var report = MeshReport()
        do {
            let deadline = Deadline.after(.seconds(1))
            let state = try await StateServiceClient(client).get(GetStateRequest(), deadline: deadline)  // Connects.
            let start = ContinuousClock.now
            let health = try await HealthServiceClient(client).check(CheckRequest(), deadline: deadline)
            replica.roundTripMicroseconds = Int(start.duration(to: .now) / .microseconds(1))
            replica.state = Self.name(health.status)
            replica.problems = health.dependencies.filter { !$0.healthy }.map { "\($0.name): \($0.detail)" }
            // Ours is one of them.
            replica.inFlight = (state.server?.inFlight).map { $0 > 0 ? $0 - 1 : 0 }
            replica.queued = state.server?.queued
            replica.limit = state.server?.limit
            replica.answered = state.server?.admitted
            replica.refused = state.server?.refused
            report.links = state.clients.flatMap { Self.links($0, from: endpoint) }
            report.methods = state.clients.flatMap { Self.methods($0, from: endpoint) }
        } catch {
            replica.problems = ["\(error)"]
        }
        report.replicas = [replica]
        await client.shutdown()
        return report
    }

    private static func links(_ client: ClientReport, from endpoint: Endpoint) -> [Link] {
        client.replicas.map { replica in
            let state =
                switch replica {
                case _ where replica.ejected: "ejected"
                case _ where !replica.connected: "lost"
                case _ where !replica.ready: "going"
                default: replica.shadowShare > 0 ? "shadow" : "ready"
                }
            return Link(
                from: endpoint.service, fromPID: endpoint.pid, to: client.service, toPID: replica.pid, state: state,
                inFlight: replica.inFlight, reportedLoad: replica.reportedLoad, latencyMicroseconds: replica.latencyUs)
        }
    }

    private static func methods(_ client: ClientReport, from endpoint: Endpoint) -> [Method] {
        client.methods.map { method in
            Method(
                from: endpoint.service, fromPID: endpoint.pid, method: method.method, calls: method.calls, failures: method.failures,
                breaker: method.breaker.description.lowercased().replacing("_", with: " "),
                hedgeDelayMicroseconds: method.hedgeDelayUs > 0 ? method.hedgeDelayUs : nil)
        }
    }

    private static func name(_ status: CheckResponse.Status) -> String {
        switch status {
        case .serving: "serving"
        case .notServing: "not serving"
        case .draining: "draining"
        default: "unknown"
        }
    }
}

extension MeshReport {
    /// The report as tables for a terminal.
    var lines: [String] {
        guard !self.replicas.isEmpty else { return ["No replica has announced itself."] }
        var lines = Format.table(self.replicaRows, right: [1, 3, 5, 6, 7, 8, 9])
        if !self.links.isEmpty { lines += [""] + Format.table(self.linkRows, right: [1, 3, 5, 6, 7]) }
        let called = self.methods.filter { $0.calls > 0 }
        if !called.isEmpty { lines += [""] + Format.table(Self.methodRows(called), right: [1, 3, 4, 6]) }
        for replica in self.replicas {
            for problem in replica.problems { lines.append("✗ \(replica.service) \(replica.pid): \(problem)") }
        }
        return lines
    }

    private var replicaRows: [[String]] {
        [["service", "pid", "version", "share", "state", "in flight", "queued", "limit", "refused", "round trip"]]
            + self.replicas.map { replica in
                let share =
                    replica.shadowShare > 0
                    ? "copy of \(Format.decimal(replica.shadowShare * 100, 0)) %" : Format.decimal(replica.weight, 2)
                return [
                    replica.service, "\(replica.pid)", replica.version, share, replica.state, Self.cell(replica.inFlight),
                    Self.cell(replica.queued), Self.cell(replica.limit), Self.cell(replica.refused),
                    replica.roundTripMicroseconds.map { "\($0) µs" } ?? "–",
                ]
            }
    }

    private var linkRows: [[String]] {
        [["from", "pid", "to", "pid", "state", "in flight", "its load", "latency"]]
            + self.links.map { link in
                [
                    link.from, "\(link.fromPID)", link.to, "\(link.toPID)", link.state, "\(link.inFlight)", "\(link.reportedLoad)",
                    "\(link.latencyMicroseconds) µs",
                ]
            }
    }

    private static func methodRows(_ methods: [Method]) -> [[String]] {
        [["from", "pid", "method", "calls", "failed", "breaker", "hedged after"]]
            + methods.map { method in
                [
                    method.from, "\(method.fromPID)", method.method, "\(method.calls)", "\(method.failures)", method.breaker,
                    method.hedgeDelayMicroseconds.map { "\($0) µs" } ?? "–",
                ]
            }
    }

    private static func cell(_ value: (some CustomStringConvertible)?) -> String { value.map { "\($0)" } ?? "–" }
}
