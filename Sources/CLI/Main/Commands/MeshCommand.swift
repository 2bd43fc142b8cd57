import ArgumentParser
import Logging
import Mesh
import MeshAPI
import Supervision

struct MeshState: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mesh",
        abstract: "The replicas that the services see of each other: versions, calls in flight, health.",
        discussion: "Asks each replica itself, over the mesh. Exit status 1 if one is not serving.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: OutputOptions

    private struct Replica: Encodable {
        var service: String
        var pid: Int32
        var version: String
        var address: String
        var state: String
        var inFlight: UInt32?
        var roundTripMicroseconds: Int?
        var problems: [String]

        enum CodingKeys: String, CodingKey {
            case service, pid, version, address, state, problems
            case inFlight = "in_flight"
            case roundTripMicroseconds = "round_trip_us"
        }
    }

    func run() async throws {
        let folder = self.folder.folder
        guard FileSystem.exists(folder.mesh) else { throw Failure("Nothing runs in \(folder.root): start it with duet up.") }
        let discovery = try Discovery(directory: folder.mesh, logger: .quiet)
        let endpoints = ["candidate", "feature", "ranking"].flatMap { discovery.endpoints(of: $0) }
        discovery.shutdown()
        var replicas: [Replica] = []
        for endpoint in endpoints { replicas.append(await self.ask(endpoint)) }
        if self.output.json { try JSONOutput.print(replicas) } else { self.show(replicas) }
        if replicas.isEmpty || replicas.contains(where: { $0.state != "serving" }) { throw ExitCode(1) }
    }

    private func ask(_ endpoint: Endpoint) async -> Replica {
        let client = MeshClient(service: endpoint.service, discovery: Discovery(static: [endpoint]), logger: .quiet)
        var replica = Replica(
            service: endpoint.service, pid: endpoint.pid, version: endpoint.version, address: endpoint.address, state: "unreachable",
            problems: [])
        do {
            let health = HealthServiceClient(client)
            _ = try await health.check(CheckRequest(), deadline: .after(.seconds(1)))  // Connects.
            let start = ContinuousClock.now
            let answer = try await health.check(CheckRequest(), deadline: .after(.seconds(1)))
            replica.roundTripMicroseconds = Int(start.duration(to: .now) / .microseconds(1))
            replica.inFlight = answer.inFlight
            replica.state = Self.name(answer.status)
            replica.problems = answer.dependencies.filter { !$0.healthy }.map { "\($0.name): \($0.detail)" }
        } catch {
            replica.problems = ["\(error)"]
        }
        await client.shutdown()
        return replica
    }

    private static func name(_ status: CheckResponse.Status) -> String {
        switch status {
        case .serving: "serving"
        case .notServing: "not serving"
        case .draining: "draining"
        default: "unknown"
        }
    }

    private func show(_ replicas: [Replica]) {
        let console = Console.standardOutput
        guard !replicas.isEmpty else { return console.line("No replica has announced itself.") }
        var rows = [["service", "pid", "version", "state", "in flight", "round trip"]]
        for replica in replicas {
            rows.append([
                replica.service, "\(replica.pid)", replica.version, replica.state, replica.inFlight.map { "\($0)" } ?? "–",
                replica.roundTripMicroseconds.map { "\($0) µs" } ?? "–",
            ])
        }
        for line in Format.table(rows, right: [1, 4, 5]) { console.line(line) }
        for replica in replicas { for problem in replica.problems { console.line("✗ \(replica.service) \(replica.pid): \(problem)") } }
    }
}
