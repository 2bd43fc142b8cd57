import ArgumentParser
import Foundation
import Hummingbird
import Logging
import Supervision

/// Not called `Metrics`: a module of that name comes with the HTTP server.
struct MetricsBridge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Serve the metrics of every process on one port, for Prometheus.",
        discussion: """
            Prometheus can't scrape Unix sockets. This answers /targets (Prometheus' HTTP service discovery: the processes that there are \
            now, replicas that come and go included) and /metrics/PROCESS, until Ctrl-C. deploy/observability/prometheus.yml asks here.
            """)

    @OptionGroup var folder: FolderOptions
    @Option(help: "Address to listen on.") var host = "127.0.0.1"
    @Option(help: "Port to listen on.") var port = 9464

    func run() async throws {
        let folder = self.folder.folder
        let router = Router()
        router.get("/targets") { request, _ in
            let authority = request.head.authority ?? "\(self.host):\(self.port)"
            guard let targets = try? await Self.targets(folder, authority: authority) else {
                return Response(status: .serviceUnavailable)
            }
            let body = try JSONEncoder().encode(targets)
            return Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: body)))
        }
        router.get("/metrics/:process") { _, context in
            let name = try context.parameters.require("process")
            // A name, not a way out of the folder.
            guard name.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (48...57).contains($0) || (97...122).contains($0) }) else {
                return Response(status: .notFound)
            }
            let answer = try? await HTTPProbe.get(.unix(path: folder.healthSocket(name)), "/metrics", timeout: .seconds(5))
            guard let answer, answer.status == 200 else { return Response(status: .badGateway) }
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname(self.host, port: self.port)), logger: .quiet)
        Console.standardError.line("Metrics of \(folder.root) on http://\(self.host):\(self.port)/targets")
        try await application.runService()
    }

    /// A group of Prometheus' HTTP service discovery.
    private struct Target: Encodable {
        var targets: [String]
        var labels: [String: String]
    }

    private static func targets(_ folder: DataFolder, authority: String) async throws -> [Target] {
        let reply = try await ControlClient.send(ControlRequest(.status), to: folder.control, timeout: .seconds(5))
        let withMetrics: Set = ["gateway", "candidate", "ranking", "feature"]
        return (reply.services ?? []).filter { withMetrics.contains($0.name) }.flatMap { service in
            service.processes.map { process in
                Target(
                    targets: [authority],
                    labels: ["__metrics_path__": "/metrics/\(process.name)", "service": service.name, "instance": process.name])
            }
        }
    }
}
