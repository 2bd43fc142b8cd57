internal import Domain
internal import Logging
internal import Synchronization
internal import Telemetry

/// Keeps the store's summaries fresh and shows its ratios among the metrics.
struct BusinessMetrics: Sendable {
    /// Bounded: the names that the store knows.
    private static let names = ["like_rate", "match_rate", "acceptance_rate", "engagement", "retention", "exposure_gini"]

    private let figures: any FiguresRepository
    private let gauges: [String: Gauge]
    private let logger: Logger

    init(figures: any FiguresRepository, registry: MetricsRegistry, logger: Logger) {
        self.figures = figures
        self.logger = logger
        self.gauges = Dictionary(
            uniqueKeysWithValues: Self.names.map { name in
                let gauge = registry.gauge(
                    "duet_business_ratio", "Ratios of the last seven days; NaN where there was nothing to divide.", labels: [("metric", name)])
                gauge.set(Double.nan)
                return (name, gauge)
            })
    }

    /// Looks every `interval` until cancelled. Of several gateways the one that comes first does the work.
    func run(interval: Duration = .seconds(60)) async {
        repeat {
            do {
                _ = try await self.figures.refreshWhenDue()
                try await self.show()
            } catch {
                self.logger.debug("The store's summaries can't be refreshed now", metadata: ["error": "\(error.code)"])
            }
        } while (try? await Task.sleep(for: interval)) != nil
    }

    func show() async throws(RepositoryError) {
        let ratios = try await self.figures.business()
        for (name, gauge) in self.gauges { gauge.set(ratios[name] ?? .nan) }
    }
}
