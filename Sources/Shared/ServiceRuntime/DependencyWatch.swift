package import Telemetry

extension ProcessRuntime {
    /// Asks the process's dependencies from time to time until cancelled, so that its metrics say which of them is away.
    func watchDependencies(every interval: Duration = .seconds(5)) async {
        self.metrics.gauge("duet_ready", "1 while the process takes work.") { [readiness] in readiness.isReady ? 1 : 0 }
        while !Task.isCancelled {
            Self.record(await self.checks.run(), in: self.metrics)
            try? await Task.sleep(for: interval)
        }
    }

    package static func record(_ results: [HealthCheckResult], in metrics: MetricsRegistry) {
        for result in results {
            metrics.gauge(
                "duet_dependency_up", "1 while the process reaches what it depends on, by dependency.",
                labels: [("dependency", result.name)]
            ).set(result.isHealthy ? 1 : 0)
        }
    }
}
