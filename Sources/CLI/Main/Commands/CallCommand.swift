import ArgumentParser
import Foundation
import Logging
import Mesh
import MeshAPI
import Overview
import Supervision

struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call any method of any service, from JSON to JSON.",
        discussion: """
              duet call                                      every method that there is
              duet call RankingService/Rank --describe       its request, field by field
              duet call HealthService/Check '{}'
              duet call RankingService/Rank '{"user_id": 7, "candidate_ids": [8, 9]}'

            The service describes its messages itself. Fields have the names of the .proto; bytes are base64, numbers of 64 bits may be \
            text. The request can come from standard input: give - in its place.
            """)

    @OptionGroup var folder: FolderOptions
    @Argument(help: ArgumentHelp("The method; the package may be left out.", valueName: "service/method")) var method: String?
    @Argument(help: ArgumentHelp("The request as JSON, or - for standard input.", valueName: "request")) var request = "{}"
    @Flag(help: "Show what the method takes and gives instead of calling it.") var describe = false
    @Option(help: ArgumentHelp("Ask the replica with this process id.", valueName: "pid")) var replica: Int32?
    @Option(help: ArgumentHelp("Seconds to wait for the answer.", valueName: "seconds")) var timeout = 5.0

    func validate() throws {
        guard self.timeout > 0, self.timeout <= 3600 else { throw ValidationError("The timeout must be up to 3600 seconds.") }
        if let method, method.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("The method must be written Service/Method.")
        }
    }

    func run() async throws {
        let folder = self.folder.folder
        guard FileSystem.exists(folder.mesh) else { throw Failure("Nothing runs in \(folder.root): start it with duet up.") }
        let discovery = try Discovery(directory: folder.mesh, logger: .quiet)
        let endpoints = discovery.endpoints.filter { self.replica == nil || $0.pid == self.replica }
        discovery.shutdown()
        guard !endpoints.isEmpty else {
            throw Failure(self.replica.map { "No replica has the process id \($0): see duet mesh." } ?? "No replica has announced itself.")
        }
        let services = Dictionary(grouping: endpoints, by: \.service).sorted { $0.key < $1.key }
        var known: [String] = []
        for (service, endpoints) in services {
            // Asked for on purpose, a shadow answers like any other.
            let places = endpoints.map { Endpoint(service: service, address: $0.address, name: $0.name, version: $0.version) }
            let client = MeshClient(service: service, discovery: Discovery(static: places), logger: .quiet)
            do {
                let found = try await self.methods(of: client)
                if let method, let name = found.first(where: { Self.matches($0.name, method) })?.name {
                    try await self.use(name, client)
                    await client.shutdown()
                    return
                }
                known += found.filter { !known.contains($0.name) }.map(\.name)
                if self.method == nil { self.list(found, of: service) }
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
        if let method { throw Failure("No service has the method \(method). There are: \(known.map(Self.short).joined(separator: ", ")).") }
    }

    private var deadline: Deadline { .after(.seconds(self.timeout)) }

    private func methods(of client: MeshClient) async throws -> [(name: String, documentation: String)] {
        do {
            let services = try await ReflectionServiceClient(client).listServices(ListServicesRequest(), deadline: self.deadline).services
            return services.flatMap { service in service.methods.map { ("\(service.name)/\($0.name)", $0.documentation) } }
        } catch {
            throw Failure("\(client.service) doesn't say which methods it has: \(error)")
        }
    }

    private func use(_ name: String, _ client: MeshClient) async throws {
        do {
            let reflection = ReflectionServiceClient(client)
            let schema = DynamicSchema(try await reflection.describe(DescribeRequest(method: name), deadline: self.deadline))
            if self.describe { return try self.show(name, schema) }
            let request = try schema.encodeRequest(try self.json())
            let parts = name.split(separator: "/").map(String.init)
            let method = MethodDescriptor(service: parts[0], name: parts[1])
            let reply: PackedMessage = try await client.call(method, PackedMessage(bytes: request), deadline: self.deadline)
            Console.standardOutput.line(try schema.decodeResponse(reply.bytes).json)
        } catch let error as MeshError {
            throw Failure("\(Self.short(name)): \(error)")
        }
    }

    private func json() throws -> DynamicValue {
        let text = self.request == "-" ? FileHandle.standardInput.readDataToEndOfFile() : Data(self.request.utf8)
        do {
            return try JSONDecoder().decode(DynamicValue.self, from: text)
        } catch {
            throw Failure("The request isn't JSON.")
        }
    }

    private func list(_ methods: [(name: String, documentation: String)], of service: String) {
        let console = Console.standardOutput
        console.line(service)
        for line in Format.table(methods.map { ["  " + Self.short($0.name), $0.documentation] }) { console.line(line) }
    }

    private func show(_ name: String, _ schema: DynamicSchema) throws {
        let console = Console.standardOutput
        console.line(name)
        if !schema.method.documentation.isEmpty { console.line(schema.method.documentation) }
        for (title, message) in [("Request", schema.method.request), ("Response", schema.method.response)] {
            console.line("\n\(title): \(message)")
            for line in Format.table(try schema.fields(of: message).map { ["  " + $0.name, $0.type, $0.documentation] }) { console.line(line) }
        }
        console.line("\nA request with the defaults:\n\(try schema.template().json)")
    }

    /// `duet.ranking.v1.RankingService/Rank` is also `RankingService/Rank`.
    private static func matches(_ name: String, _ given: String) -> Bool { name == given || self.short(name) == given }

    private static func short(_ name: String) -> String {
        let parts = name.split(separator: "/")
        return [parts.first?.split(separator: ".").last, parts.last].compactMap { $0.map(String.init) }.joined(separator: "/")
    }
}
