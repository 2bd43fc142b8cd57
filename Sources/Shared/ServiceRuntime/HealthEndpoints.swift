import Hummingbird
import Logging
import Telemetry

/// The answers of a process's own HTTP endpoint.
struct HealthEndpoints: Sendable {
    let service: String
    let version: String
    let settings: Settings
    let readiness: ReadinessGate
    let checks: HealthChecks
    let metrics: MetricsRegistry

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/health/live") { _, _ in Self.json(.ok, self.body(status: "alive", checks: [])) }
        router.get("/health/ready") { _, _ in self.ready() }
        router.get("/health") { _, _ in await self.health() }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: self.metrics.prometheusText())))
        }
        return router
    }

    private func ready() -> Response {
        let isReady = self.readiness.isReady
        let status = isReady ? "ready" : self.readiness.isDraining ? "draining" : "not ready"
        return Self.json(isReady ? .ok : .serviceUnavailable, self.body(status: status, checks: self.conditions))
    }

    private func health() async -> Response {
        let results = await self.checks.run()
        let isWhole = results.allSatisfy(\.isHealthy) && self.readiness.isReady
        let checks = results.map { ($0.name, $0.failure.map { "unhealthy: \($0)" } ?? "healthy") } + self.conditions
        return Self.json(isWhole ? .ok : .serviceUnavailable, self.body(status: isWhole ? "healthy" : "unhealthy", checks: checks))
    }

    private var conditions: [(String, String)] {
        self.readiness.conditions.map { ($0.name, $0.missing.map { "not ready: \($0)" } ?? "ready") }
    }

    private func body(status: String, checks: [(String, String)]) -> [UInt8] {
        var json = JSONWriter()
        json.begin()
        json.field("status", status)
        json.key("timestamp")
        json.now()
        json.field("version", self.settings.applicationName)
        json.field("service", self.service)
        json.field("build", self.version)
        if let replica = self.settings.replica { json.field("replica", replica) }
        json.key("checks")
        json.begin()
        for (name, state) in checks { json.field(name, state) }
        json.end()
        json.end()
        return json.bytes
    }

    private static func json(_ status: HTTPResponse.Status, _ bytes: [UInt8]) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
