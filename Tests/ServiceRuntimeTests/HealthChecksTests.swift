import ServiceRuntime
import Telemetry
import Testing

@Suite struct HealthChecksTests {
    struct Down: Error, CustomStringConvertible { var description: String { "connection refused" } }

    @Test("Each dependency answers for itself, in order; one that hangs fails at its timeout")
    func results() async {
        let checks = HealthChecks()
        let (hung, release) = AsyncStream.makeStream(of: Void.self)
        checks.add("database") {}
        checks.add("redis") { throw Down() }
        checks.add("slow", timeout: .milliseconds(5)) { for await _ in hung { return } }
        #expect(checks.lastResults.isEmpty)
        let results = await checks.run()
        release.finish()
        #expect(results.map(\.name) == ["database", "redis", "slow"])
        #expect(results.map(\.isHealthy) == [true, false, false])
        #expect(results[1].failure == "connection refused")
        #expect(results[2].failure?.hasPrefix("no answer within") == true)
        #expect(checks.lastResults == results)
    }

    @Test("Metrics say who is away, and that they are back")
    func metrics() {
        let registry = MetricsRegistry()
        ProcessRuntime.record(
            [HealthCheckResult(name: "database", failure: nil), HealthCheckResult(name: "redis", failure: "refused")], in: registry)
        #expect(registry.prometheusText().contains("duet_dependency_up{dependency=\"database\"} 1\n"))
        #expect(registry.prometheusText().contains("duet_dependency_up{dependency=\"redis\"} 0\n"))
        ProcessRuntime.record([HealthCheckResult(name: "redis", failure: nil)], in: registry)
        #expect(registry.prometheusText().contains("duet_dependency_up{dependency=\"redis\"} 1\n"))
    }
}
