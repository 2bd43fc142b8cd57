import Postgres
import Redis
import Telemetry

/// What the metrics say of the stores, beside what the health checks do.
enum DependencyMetrics {
    static func register(_ postgres: PostgresPool, _ metrics: MetricsRegistry) {
        let labels = [("dependency", "database")]
        metrics.gauge(
            "duet_dependency_circuit", "Whether calls are refused: 0 no, 1 one call is probing, 2 yes.", labels: labels
        ) { Double(postgres.circuit.state) }
        metrics.counter("duet_dependency_circuit_openings_total", "How often calls began to be refused.", labels: labels) {
            Double(postgres.circuit.openings)
        }
        metrics.counter("duet_dependency_refusals_total", "Calls refused because the dependency kept failing.", labels: labels) {
            Double(postgres.circuit.refusals)
        }
        self.pool("open", metrics) { postgres.statistics.open }
        self.pool("idle", metrics) { postgres.statistics.idle }
        self.pool("waiting", metrics) { postgres.statistics.waiting }
    }

    private static func pool(_ state: String, _ metrics: MetricsRegistry, _ count: @escaping @Sendable () -> Int) {
        metrics.gauge(
            "duet_database_pool", "Connections that are open and idle, and calls that wait for one.", labels: [("state", state)]
        ) { Double(count()) }
    }

    /// One connection is its own circuit: it breaks with the first command that is not answered in time, and calls are refused until a
    /// new one has been greeted.
    static func register(_ redis: RedisClient, _ metrics: MetricsRegistry) {
        metrics.gauge(
            "duet_dependency_circuit", "Whether calls are refused: 0 no, 1 one call is probing, 2 yes.", labels: [("dependency", "redis")]
        ) { redis.isConnected ? 0 : 2 }
    }
}
