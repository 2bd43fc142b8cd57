import ServiceRuntime
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
}
